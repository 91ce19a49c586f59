'use strict';
// What this process is in its family. Kept on globalThis, since a family member may hold several copies of this file.

const key = Symbol.for('multiproc.role');
globalThis[key] ??= { isMain: true, bootstrapping: false, name: 'MainProcess' };

module.exports = globalThis[key];
