'use strict';
// The objects that a flow works with. They come in three ways, mixed: with the start of the process, by their names, and
// in messages. What a flow has it may let go at any time between two operations, and open anew.

const { workloads } = require('./workloads');

class Hands {
  #objects;
  /** What has come by message and was not taken into use yet. */
  #gifts = new Map();

  /** @param {Map<number, object>} objects by the number of the primitive */
  constructor(objects = new Map()) {
    this.#objects = objects;
  }

  /** The objects for the next operation with that primitive. */
  of(number) {
    const gift = this.#gifts.get(number);
    if (gift !== undefined) {
      this.#gifts.delete(number);
      close(this.#objects.get(number));
      this.#objects.set(number, gift);
    }
    if (!this.#objects.has(number)) this.#objects.set(number, workloads[number].open());
    return this.#objects.get(number);
  }

  /** Lets them go; the next operation opens them by their names. */
  letGo(number) {
    close(this.#objects.get(number));
    this.#objects.delete(number);
  }

  give(number, objects) {
    close(this.#gifts.get(number));
    this.#gifts.set(number, objects);
  }

  closeAll() {
    for (const objects of [...this.#objects.values(), ...this.#gifts.values()]) close(objects);
    this.#objects.clear();
    this.#gifts.clear();
  }
}

function close(objects = {}) {
  for (const object of Object.values(objects)) {
    // A condition does not close the lock that it was given.
    object.lock?.close?.();
    object.close();
  }
}

module.exports = { Hands, close };
