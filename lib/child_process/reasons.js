'use strict';
// Why a child ended early or never began: noted when it happens, told with its result, which may be asked for later.

/** @typedef {'timedOut' | 'isCanceled' | 'isMaxBuffer' | 'notStarted'} Reason */

/** @type {WeakMap<import('node:child_process').ChildProcess, { reason: Reason, error?: Error }>} */
const noted = new WeakMap();

/** The first one counts. @param {Reason} reason @param {Error} [error] what was told */
function note(child, reason, error) {
  if (!noted.has(child)) noted.set(child, { reason, error });
}

/** @returns {{ reason?: Reason, error?: Error }} */
function notedOf(child) {
  return noted.get(child) ?? {};
}

module.exports = { note, notedOf };
