'use strict';
// Words and their counts in shared memory: a hash table with open addressing that any number of processes fill at the
// same time without a lock.
//
//   slots   one i32 each: 0 (free), or where in the arena the word's entry begins, divided by 4
//   counts  one i32 for each slot
//   arena   entries: hash i32 · length u8 · the bytes of the word, filled up to a multiple of 4
//   totals  [0] end of the reserved part of the arena, in bytes / 4   [1] number of different words
//
// A process writes a new word's entry into a piece of the arena that it alone has reserved, and then publishes it with
// one compare-exchange on the free slot. Who loses that race finds the winner's entry there, compares, and uses its own
// entry's place again for another word. So a slot never changes once it is taken, what it points to is complete, and a
// process that is killed at any moment leaves nothing half-done that others would wait for.
//
// Counting itself is done in private memory (`pending`), and added to the shared counts at the end of each batch: were
// every "the" an atomic addition to one cell, the processors would spend their time handing that cell back and forth.

const { sharedBuffer } = require('multiproc');
const { MAX_BYTES } = require('./words');

const ENTRY_HEAD = 5;
const ENTRY_MAX = (ENTRY_HEAD + MAX_BYTES + 3) & ~3;
/** What a process reserves of the arena at a time. */
const PIECE = 32 * 1024;
/** Beyond this part of the slots, searches grow long. The rest also is what keeps them finite: some slot is free. */
const LOAD_MAX = 0.75;
/** As each of a number of processes may go one word too far, a table is never tiny. */
const SLOTS_MIN = 4096;

class Histogram {
  #slots;
  #counts;
  #arena;
  #arenaWords;
  #totals;
  #mask;
  #pending;
  #touched = [];
  #free = 0;
  #freeEnd = 0;

  /** @param {{ slots, counts, arena, totals }} buffers what `Histogram.allocate` made, here or in another process */
  constructor(buffers) {
    this.#slots = new Int32Array(buffers.slots);
    this.#counts = new Int32Array(buffers.counts);
    this.#arena = new Uint8Array(buffers.arena);
    this.#arenaWords = new Int32Array(buffers.arena);
    this.#totals = new Int32Array(buffers.totals);
    this.#mask = this.#slots.length - 1;
    this.#pending = new Int32Array(this.#slots.length);
  }

  /**
   * @param {{ words: number, processes?: number }} size room for so many different words
   * @returns {{ slots: SharedArrayBuffer, counts: SharedArrayBuffer, arena: SharedArrayBuffer, totals: SharedArrayBuffer }}
   */
  static allocate({ words, processes = 1 }) {
    const slotCount = Math.max(SLOTS_MIN, 2 ** Math.ceil(Math.log2(words / LOAD_MAX)));
    const entryBytes = 24; // a word of 19 bytes; the average of different words is less
    const pieces = Math.ceil((slotCount * LOAD_MAX * entryBytes) / PIECE) + processes + 1;
    const totals = sharedBuffer(8);
    new Int32Array(totals)[0] = 1; // entry 0 is what a free slot says
    return {
      slots: sharedBuffer(slotCount * 4),
      counts: sharedBuffer(slotCount * 4),
      arena: sharedBuffer(pieces * PIECE),
      totals,
    };
  }

  /** How many different words there are. */
  get size() {
    return Atomics.load(this.#totals, 1);
  }

  /** Counts a word; `flush` makes it known to the others. */
  add(bytes, length, hash) {
    const slot = this.#find(bytes, length, hash);
    if (this.#pending[slot] === 0) this.#touched.push(slot);
    this.#pending[slot] += 1;
  }

  flush() {
    for (const slot of this.#touched) {
      Atomics.add(this.#counts, slot, this.#pending[slot]);
      this.#pending[slot] = 0;
    }
    this.#touched.length = 0;
  }

  /** Every word with its count, in no particular order. @returns {Generator<[string, number]>} */
  *[Symbol.iterator]() {
    for (let slot = 0; slot <= this.#mask; slot += 1) {
      const entry = Atomics.load(this.#slots, slot);
      if (entry === 0) continue;
      const start = entry * 4 + ENTRY_HEAD;
      const bytes = this.#arena.subarray(start, start + this.#arena[start - 1]);
      yield [Buffer.from(bytes).toString('utf8'), Atomics.load(this.#counts, slot)];
    }
  }

  /** The slot of the word, which gets one if it has none. */
  #find(bytes, length, hash) {
    const slots = this.#slots;
    const arenaWords = this.#arenaWords;
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    for (;;) {
      let entry = Atomics.load(slots, slot);
      if (entry === 0) {
        entry = Atomics.compareExchange(slots, slot, 0, this.#write(bytes, length, hash));
        if (entry === 0) {
          Atomics.add(this.#totals, 1, 1);
          this.#free += (ENTRY_HEAD + length + 3) & ~3; // the entry is in use
          return slot;
        }
        // Somebody was faster, perhaps with the same word.
      }
      if (arenaWords[entry] === hash && this.#isWord(entry * 4 + ENTRY_HEAD, bytes, length)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #isWord(start, bytes, length) {
    const arena = this.#arena;
    if (arena[start - 1] !== length) return false;
    for (let i = 0; i < length; i += 1) if (arena[start + i] !== bytes[i]) return false;
    return true;
  }

  /** Writes an entry at the beginning of what is free. @returns {number} its place / 4 */
  #write(bytes, length, hash) {
    const limit = (this.#mask + 1) * LOAD_MAX;
    if (this.size >= limit) throw new RangeError(`the histogram is full: it has room for ${limit} different words`);
    if (this.#freeEnd - this.#free < ENTRY_MAX) this.#reserve();
    const start = this.#free + ENTRY_HEAD;
    this.#arenaWords[this.#free / 4] = hash;
    this.#arena[start - 1] = length;
    for (let i = 0; i < length; i += 1) this.#arena[start + i] = bytes[i];
    return this.#free / 4;
  }

  #reserve() {
    const start = Atomics.add(this.#totals, 0, PIECE / 4) * 4;
    if (start + PIECE > this.#arena.length) {
      throw new RangeError(`the histogram is full: its words have more than ${this.#arena.length} bytes together`);
    }
    this.#free = start;
    this.#freeEnd = start + PIECE;
  }
}

module.exports = { Histogram };
