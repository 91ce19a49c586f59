'use strict';
// A child that nobody reaps but its parent's program: `reap: 'manual'`. It stays a zombie until `wait()`.

/** @param {import('node:child_process').ChildProcess} child as spawn() has started it */
function addWait(child) {
  const handle = child._handle;
  const wait = async () => {
    // One that could not be started has nothing to wait for; its 'error' comes by itself.
    if (child.pid !== undefined) {
      // Who waits keeps the program alive for it, as long as it runs.
      await handle?.hasEnded;
      handle?.reap();
    }
    return { exitCode: child.exitCode, signalCode: child.signalCode };
  };
  Object.defineProperty(child, 'wait', { value: wait, writable: true, configurable: true });
}

module.exports = { addWait };
