'use strict';
// A Map that forgets its oldest entries: caches that generated code cannot fill without end.

class BoundedMap extends Map {
  #limit;

  /** @param {number} limit entries kept */
  constructor(limit) {
    super();
    this.#limit = limit;
  }

  set(key, value) {
    if (!this.has(key) && this.size >= this.#limit) this.delete(this.keys().next().value);
    return super.set(key, value);
  }
}

module.exports = { BoundedMap };
