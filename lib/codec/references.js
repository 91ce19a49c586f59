'use strict';
// Which objects of this message were met before, and under which number. Sender's side.
//
// Most messages hold a handful of objects, most bigger ones are trees. So: up to 16 objects a plain list; then a Set,
// whose insertion order is the numbering and which costs one hash access an object; a Map from the first repetition on.

const LIST_SIZE = 16;

class References {
  constructor() {
    this.list = new Array(LIST_SIZE).fill(null);
    this.count = 0;
    this.set = null;
    this.map = null;
  }

  /** The number of an object met before, else -1. */
  find(object) {
    if (this.set === null) {
      for (let i = 0; i < this.count; i++) if (this.list[i] === object) return i;
      return -1;
    }
    if (this.map === null) {
      if (!this.set.has(object)) return -1;
      this.index();
    }
    return this.map.get(object) ?? -1;
  }

  /** Numbers an object that find() does not know. */
  add(object) {
    if (this.set === null) {
      if (this.count < LIST_SIZE) {
        this.list[this.count++] = object;
        return;
      }
      this.set = new Set(this.list);
    }
    if (this.map === null) this.set.add(object);
    else this.map.set(object, this.count);
    this.count++;
  }

  /** find(), and add() when there is nothing to find. */
  findOrAdd(object) {
    if (this.set !== null && this.map === null) {
      if (this.set.add(object).size > this.count) {
        this.count++;
        return -1;
      }
      this.index();
      return this.map.get(object);
    }
    const found = this.find(object);
    if (found < 0) this.add(object);
    return found;
  }

  index() {
    this.map = new Map();
    let number = 0;
    for (const object of this.set) this.map.set(object, number++);
  }

  clear() {
    const used = Math.min(this.count, LIST_SIZE);
    for (let i = 0; i < used; i++) this.list[i] = null;
    this.count = 0;
    this.set = null;
    this.map = null;
  }
}

module.exports = { References };
