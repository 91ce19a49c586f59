'use strict';
// What ends the waits of an object that is closed in this thread while they are pending.

class Closing {
  /** @type {Set<() => void>} */
  #ends = new Set();
  #isClosed = false;
  #makeError;

  /** @param {() => Error} makeError for a wait that ends so */
  constructor(makeError) {
    this.#makeError = makeError;
  }

  get isClosed() {
    return this.#isClosed;
  }

  error() {
    return this.#makeError();
  }

  /** @returns {() => void} takes it back */
  onceClosed(end) {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  close() {
    this.#isClosed = true;
    for (const end of this.#ends) end();
    this.#ends.clear();
  }
}

module.exports = { Closing };
