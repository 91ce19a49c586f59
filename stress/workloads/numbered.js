'use strict';
// Objects that serve once and are then replaced: a latch, a once. The parent makes one after the other, each with a
// number in its name, and says on the board which is the present one. Whoever comes opens that by its name.
//
// The parent keeps the present one open, so a name that was found again after its number has passed (everybody had closed
// it, and a new object of the same name was made) shows: the board has another number by then.
//
// The words for the checks of several numbers stand side by side. A flow says in its record which number it is at
// (NUMBER, the number + 1), so that words are used again only when nobody is at the number that had them before.

const NUMBER = 0;

class Numbered {
  /** @param {{ open(number: number): { close(): void }, own: number, side?: number }} options own: words for each number */
  constructor({ open, own, side = 4 }) {
    this.open = open;
    this.own = own;
    this.side = side;
    this.words = 1 + own * side;
  }

  wordsOf(words, number) {
    const start = 1 + (number % this.side) * this.own;
    return words.subarray(start, start + this.own);
  }

  /** Calls `use` with the present object and its words, and closes it afterwards. */
  async withPresent(flow, words, use) {
    const number = Atomics.load(words, 0);
    Atomics.store(flow.own, NUMBER, number + 1);
    if (!this.isPresent(words, number)) return;
    const object = this.open(number);
    try {
      if (this.isPresent(words, number)) await use(object, this.wordsOf(words, number), number);
    } finally {
      object.close();
    }
  }

  isPresent(words, number) {
    return Atomics.load(words, 0) === number;
  }

  // What follows is the parent's.

  begin({ words, state }) {
    state.present = this.open(0);
    Atomics.store(words, 0, 0);
  }

  /** The present one has served. */
  advance({ words, state, flows }) {
    const number = Atomics.load(words, 0) + 1;
    const isUsed = ({ own }) => {
      const at = Atomics.load(own, NUMBER) - 1;
      return at >= 0 && at <= number - this.side;
    };
    if (flows().some(isUsed)) return;
    const next = this.open(number);
    this.wordsOf(words, number).fill(0);
    Atomics.store(words, 0, number);
    state.present.close();
    state.present = next;
  }

  end({ state }) {
    state.present.close();
  }
}

module.exports = { Numbered };
