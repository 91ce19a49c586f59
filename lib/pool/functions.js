'use strict';
// The functions that a pool has been given: each gets a number, is described once, and is told to the workers once.

const { callerFile, describeTarget } = require('../target');

const FUNCTIONS_MAX = 10_000;

class Functions {
  /** Numbers, by the function, by what describes it, by its text. */
  #known = new Map();
  #definitions = [];
  #onNew;

  /** @param {(id: number, target: object) => void} onNew called with a description that no worker has yet */
  constructor(onNew) {
    this.#onNew = onNew;
  }

  /** What a new worker has to know. @returns {IterableIterator<[id: number, target: object]>} */
  definitions() {
    return this.#definitions.entries();
  }

  /** @param {number} id @returns {object} its description */
  target(id) {
    return this.#definitions[id];
  }

  /** @returns {number} */
  idOf(call, fn) {
    const known = this.#known.get(fn) ?? (typeof fn === 'function' ? this.#known.get(sourceKey(fn)) : undefined);
    if (known !== undefined) return known;
    const target = describeTarget(fn, { call, callerFile: callerFile() });
    const id = this.#known.get(target.key) ?? this.#definitions.length;
    if (id === this.#definitions.length) {
      this.#definitions.push(target);
      this.#onNew(id, target);
    }
    this.#remember(target.key, id);
    this.#remember(fn, id);
    if (target.form === 'source') this.#remember(sourceKey(fn), id);
    return id;
  }

  // Closures made anew for each call must not fill the memory: beyond this they are described again each time.
  #remember(key, id) {
    if (key !== undefined && this.#known.size < FUNCTIONS_MAX) this.#known.set(key, id);
  }
}

/**
 * A function of the same text is the same function, unless the text says something that depends on its file. Found by
 * its text, a closure made anew for each call costs no look at the caller's file.
 */
function sourceKey(fn) {
  const source = Function.prototype.toString.call(fn);
  return /\b(require|import|module|exports|__filename|__dirname)\b/.test(source) ? undefined : `text:${source}`;
}

module.exports = { Functions };
