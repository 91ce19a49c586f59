'use strict';
// Tasks that the shared queue has no room for, first in, first out. An array with a moving head: shift() of a long
// array copies it.

const COMPACT_ABOVE = 1024;

class Backlog {
  #entries = [];
  #head = 0;

  get length() {
    return this.#entries.length - this.#head;
  }

  /** @returns {[number, Buffer] | undefined} */
  get first() {
    return this.#entries[this.#head];
  }

  push(id, payload) {
    this.#entries.push([id, payload]);
  }

  dropFirst() {
    this.#entries[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > COMPACT_ABOVE && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** @returns {Buffer | undefined} the payload of that task, which is no longer here */
  remove(id) {
    const position = this.#entries.findIndex((entry) => entry?.[0] === id);
    if (position < this.#head) return undefined;
    return this.#entries.splice(position, 1)[0][1];
  }

  /** @returns {Buffer[]} all payloads, in order; the backlog is empty afterwards */
  clear() {
    const payloads = this.#entries.slice(this.#head).map(([, payload]) => payload);
    this.#entries = [];
    this.#head = 0;
    return payloads;
  }
}

module.exports = { Backlog };
