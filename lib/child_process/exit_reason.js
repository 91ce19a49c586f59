'use strict';
// `child.exitReason`: why a child ended, in the words that a Process has for it.
//
// Known from the moment in which the status is: listeners of 'exit' see it. Of a child that Node.js itself has started (under
// its permission model) the exit code and the signal are all that is known.

const { Ending } = require('../process/exit_reason');
const { notedOf } = require('./reasons');

/** @type {WeakMap<import('node:child_process').ChildProcess, (end: object) => string>} */
const decisions = new WeakMap();

/**
 * @param {import('node:child_process').ChildProcess} child not started yet, if the handle is ours
 * @param {import('./handle').NativeProcess} [handle]
 * @param {{ hasCpuTime?: boolean, record?: Ending }} [about] `record`: of a child that runs our code
 */
function giveExitReason(child, handle, { hasCpuTime = false, record = new Ending() } = {}) {
  let reason = null;
  decisions.set(child, (end) => {
    if (reason !== null) return reason;
    if (child.pid === undefined) return 'start-failed';
    if (notedOf(child).reason === 'timedOut') return 'timeout';
    record.isKilledByUs = handle?.isKilledByUs ?? false;
    const { exitCode, signalCode, isOverMemory = handle?.isOverMemory } = end;
    return record.reason({ exitCode, signalCode, isOverMemory, hasCpuTime });
  });
  const get = () => {
    if (reason === null && hasEnded(child)) {
      reason = reasonOf(child);
      record.letGo();
    }
    return reason;
  };
  // Not enumerable, as `result`.
  Object.defineProperty(child, 'exitReason', { get, configurable: true });
}

/**
 * @param {{ exitCode: number | null, signalCode: string | null, isOverMemory?: boolean }} [end] of one whose status was not
 *   taken yet
 * @returns {import('../..').ExitReason}
 */
function reasonOf(child, end = child) {
  return decisions.get(child)(end);
}

function hasEnded({ exitCode, signalCode }) {
  return exitCode !== null || signalCode !== null;
}

module.exports = { giveExitReason, hasEnded, reasonOf };
