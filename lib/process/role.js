'use strict';
// What this process is in its family. Kept on globalThis, since a family member may hold several copies of this file.

const key = Symbol.for('multiproc.role');
globalThis[key] ??= {
  isMain: true,
  bootstrapping: false,
  /** It loads modules for its copies, and is itself no member of the family. */
  isForkServer: false,
  /** In a child: what the loading of a module has begun finds the module's URL there. @type {import('node:async_hooks').AsyncLocalStorage<string> | null} */
  loading: null,
  name: 'MainProcess',
  daemon: false,
  /** Who started this process with multiproc: pid, start time, name; null unless somebody did. */
  parent: null,
  /** Aborted by the parent's requestStop(). Made when somebody asks for it. @type {AbortController | null} */
  stop: null,
};

module.exports = globalThis[key];
