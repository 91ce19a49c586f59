'use strict';
// Why we ended a child: noted when its limit is reached, told with its result.

/** @typedef {'timedOut' | 'isCanceled' | 'isMaxBuffer'} Reason */

/** @type {WeakMap<import('node:child_process').ChildProcess, Reason>} */
const reasons = new WeakMap();

/** The first one counts. @param {Reason} reason */
function note(child, reason) {
  if (!reasons.has(child)) reasons.set(child, reason);
}

/** @returns {Reason | undefined} */
function reasonOf(child) {
  return reasons.get(child);
}

module.exports = { note, reasonOf };
