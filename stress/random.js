'use strict';
// Random numbers that a seed determines. Who draws makes a generator of his own from the seed and the place where he
// stands (the life of a process, its thread, the number of the operation): so a choice is the same in every run with
// that seed, however the scheduler mixes the processes.

/** xmur3: turns text into 32-bit states. */
function hasher(text) {
  let hash = 1779033703 ^ text.length;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 3432918353);
    hash = (hash << 13) | (hash >>> 19);
  }
  return () => {
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
    hash ^= hash >>> 16;
    return hash >>> 0;
  };
}

/** sfc32, http://pracrand.sourceforge.net: 128 bits of state, no weakness known. */
class Random {
  #a;
  #b;
  #c;
  #counter = 1;

  /** @param {...(string | number)} place */
  constructor(...place) {
    const next = hasher(place.join(':'));
    [this.#a, this.#b, this.#c] = [next(), next(), next()];
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** @returns {number} 0 to 2^32 - 1 */
  next() {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** @returns {number} 0 to count - 1 */
  below(count) {
    return Math.floor((this.next() / 2 ** 32) * count);
  }

  /** @returns {number} an integer, both ends included */
  between(low, high) {
    return low + this.below(high - low + 1);
  }

  chance(probability) {
    return this.next() / 2 ** 32 < probability;
  }

  /** @template T @param {T[]} list @returns {T} */
  pick(list) {
    return list[this.below(list.length)];
  }

  /** @template T @param {Array<[weight: number, T]>} list @returns {T} */
  weighted(list) {
    let left = this.below(list.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of list) {
      left -= weight;
      if (left < 0) return value;
    }
    throw new RangeError('no weights');
  }

  /** @template T @param {T[]} list @returns {T[]} the same elements in another order */
  shuffled(list) {
    const result = [...list];
    for (let index = result.length - 1; index > 0; index -= 1) {
      const other = this.below(index + 1);
      [result[index], result[other]] = [result[other], result[index]];
    }
    return result;
  }
}

module.exports = { Random };
