'use strict';
// `channel` of a forked program, and of its parent's ChildProcess: whether the messages keep the event loop alive.
//
// Who listens is counted, until somebody decides by `ref` or `unref`: then only that holds.

const { EventEmitter } = require('node:events');

class Control extends EventEmitter {
  #apply;
  #descriptor;
  #count = 0;
  #chosen;
  #isReferenced;

  /**
   * @param {boolean} isReferenced to begin with
   * @param {() => void} apply called when `hasRef()` may have changed
   * @param {() => number | undefined} descriptor the socket beside the messages
   */
  constructor(isReferenced, apply, descriptor) {
    super();
    this.#isReferenced = isReferenced;
    this.#apply = apply;
    this.#descriptor = descriptor;
  }

  hasRef() {
    return this.#chosen ?? this.#isReferenced;
  }

  ref() {
    this.#chosen = true;
    this.#apply();
  }

  unref() {
    this.#chosen = false;
    this.#apply();
  }

  refCounted() {
    this.#count += 1;
    if (this.#count === 1) this.#follow(true);
  }

  unrefCounted() {
    this.#count -= 1;
    if (this.#count === 0) this.#follow(false);
  }

  get fd() {
    return this.#descriptor();
  }

  #follow(isReferenced) {
    this.#isReferenced = isReferenced;
    this.#apply();
  }
}

module.exports = { Control };
