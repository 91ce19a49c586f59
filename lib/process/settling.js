'use strict';
// What is settled from outside: a promise, and a moment that many wait for, some of them only for a while.

const { clearTimeout, setTimeout } = require('node:timers');

/** @returns {{ promise: Promise<any>, resolve(value?: unknown): void, reject(reason: unknown): void }} */
function deferred() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}

/** Comes once. Who waits for a limited time is forgotten afterwards, which a promise's handlers are not. */
class Moment {
  #watchers = new Set();
  #promise;
  hasCome = false;

  come() {
    if (this.hasCome) return;
    this.hasCome = true;
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }

  /** @param {() => void} watcher called when it comes, or at once @returns {() => void} forgets the watcher */
  watch(watcher) {
    if (this.hasCome) watcher();
    else this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** @returns {Promise<void>} */
  get promise() {
    this.#promise ??= new Promise((resolve) => this.watch(resolve));
    return this.#promise;
  }

  /** @param {number} ms @returns {Promise<boolean>} whether it came in time */
  within(ms) {
    return new Promise((resolve) => {
      let timer;
      const forget = this.watch(() => {
        clearTimeout(timer);
        resolve(true);
      });
      if (this.hasCome) return;
      timer = setTimeout(
        () => {
          forget();
          resolve(false);
        },
        Math.min(ms, 2 ** 31 - 1),
      );
    });
  }
}

module.exports = { Moment, deferred };
