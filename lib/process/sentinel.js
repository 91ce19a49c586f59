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

  /** For wait(). @returns {() => void} forgets the watcher */
  static watch(sentinel, watcher) {
    return sentinel.#run.death.watch(watcher);
  }
}

module.exports = { Sentinel };
