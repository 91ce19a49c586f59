'use strict';
// Sentinel: the end of a process as something to wait for. It is the process's pidfd that tells, not that somebody has
// reaped it, so it is ready also while the process is a zombie.

class Sentinel {
  #run;

  /** @param {import('./run').Run} run */
  constructor(run) {
    this.#run = run;
  }

  get pid() {
    return this.#run.pid;
  }

  /** Looks now, without the event loop. */
  get ready() {
    return this.#run.isDead();
  }

  /** For wait(), which keeps the program alive. @returns {() => void} forgets the watcher */
  static watch(sentinel, watcher) {
    const letGo = sentinel.#run.hold();
    const forget = sentinel.#run.death.watch(watcher);
    return () => {
      letGo();
      forget();
    };
  }

  /** For whoever only wants to know: the program may end before. */
  static whenReady(sentinel, watcher) {
    sentinel.#run.death.watch(watcher);
  }
}

module.exports = { Sentinel };
