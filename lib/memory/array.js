'use strict';
// SharedArray: a typed array that processes share, and a lock to go with it.

const { constants } = require('node:buffer');
const { checkInteger, checkName, invalidType, ownOptions } = require('../arguments');
const { KIND, met, onRevive, travel } = require('../travel');
const { allocate } = require('./buffer');
const { elementType, toElement } = require('./types');
const { lockFrom } = require('./value');

/** What a typed array of this Node.js can have. */
const VIEW_BYTES_MAX = constants.MAX_LENGTH;

class SharedArray {
  #type;
  #view;
  #lock;

  constructor(type, source, options, revived) {
    const call = 'new SharedArray()';
    this.#type = elementType(call, type);
    const { View } = this.#type;
    if (revived !== undefined) {
      this.#lock = revived.lock;
      this.#view = new View(revived.buffer, 0, revived.length);
      return;
    }
    const { lock, name } = ownOptions(call, options, ['lock', 'name']);
    checkName(call, name);
    const elements = typeof source === 'number' ? undefined : collect(call, source);
    const length = elements?.length ?? checkInteger(call, 'length', source, 0, Number.MAX_SAFE_INTEGER);
    checkInteger(call, 'length', length, 0, Math.floor(VIEW_BYTES_MAX / View.BYTES_PER_ELEMENT));
    const converted = elements?.map((element, index) => toElement(call, `element ${index}`, element, this.#type));
    this.#lock = lockFrom(call, lock, name);
    const buffer = allocate(call, length * View.BYTES_PER_ELEMENT, name);
    this.#view = new View(buffer, 0, length);
    if (converted !== undefined) this.#view.set(converted);
  }

  get type() {
    return this.#type.name;
  }

  get view() {
    return this.#view;
  }

  get buffer() {
    return this.#view.buffer;
  }

  get length() {
    return this.#view.length;
  }

  get lock() {
    return this.#lock;
  }

  at(index) {
    return this.#view.at(index);
  }

  subarray(begin, end) {
    return this.#view.subarray(begin, end);
  }

  [Symbol.iterator]() {
    return this.#view[Symbol.iterator]();
  }

  toJSON() {
    return met();
  }

  [travel]() {
    const extra = { type: this.#type.name, length: this.length, buffer: this.#view.buffer, lock: this.#lock };
    return { kind: KIND.array, index: 0, generation: 0, extra };
  }
}

function collect(call, source) {
  if (source === null || typeof source !== 'object' || typeof source[Symbol.iterator] !== 'function') {
    throw invalidType(call, 'length', 'a length or an iterable of elements', source);
  }
  return [...source];
}

onRevive(KIND.array, (_index, _generation, extra) => new SharedArray(extra.type, 0, undefined, extra));

module.exports = { SharedArray };
