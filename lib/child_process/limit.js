'use strict';
// What ends a child before its time: the options `timeout` and `signal`, both with `killSignal`.

const { clearTimeout, setTimeout } = require('node:timers');
const { AbortError } = require('../errors');
const { note } = require('./reasons');

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {{ timeout?: number | null, signal?: AbortSignal, killSignal?: string | number | null }} options checked before
 */
function limit(child, { timeout, signal, killSignal }) {
  const kill = () => child.kill(killSignal ?? undefined);
  if (timeout > 0) {
    const timer = setTimeout(() => {
      try {
        if (kill()) note(child, 'timedOut');
      } catch (error) {
        child.emit('error', error);
      }
    }, timeout);
    // 'close' comes when the program could not be started, too.
    for (const event of ['exit', 'close']) child.once(event, () => clearTimeout(timer));
  }
  if (signal === undefined) return;
  const abort = () => {
    try {
      if (!kill()) return;
      // Node's has its name as a property of its own.
      const error = Object.assign(new AbortError(signal.reason), { name: 'AbortError' });
      note(child, 'isCanceled', error);
      child.emit('error', error);
    } catch (error) {
      child.emit('error', error);
    }
  };
  if (signal.aborted) {
    process.nextTick(abort);
  } else {
    signal.addEventListener('abort', abort, { once: true });
    for (const event of ['exit', 'close']) child.once(event, () => signal.removeEventListener('abort', abort));
  }
}

module.exports = { limit };
