'use strict';
// The parent's part for one primitive: it keeps the objects, tends what would stand still without it, deals with what the
// dead have left, and looks at everything when nobody is at it.

const { HEAD, PARENT } = require('./board');
const { close } = require('./hands');
const { workloads } = require('./workloads');

/** Milliseconds of the clock after which a paused primitive must be still. */
const STILL_WITHIN_MS = 15_000;

class Keeper {
  #board;
  #workload;
  #later;
  #pausedAt = 0;

  /** @param {{ number: number, board: import('./board').Board, lives: import('./lives').Lives, seed: string, later: Function }} options */
  constructor({ number, board, lives, seed, later }) {
    this.number = number;
    this.#board = board;
    this.#workload = workloads[number];
    this.#later = later;
    this.lives = lives;
    this.seed = seed;
    this.words = board.primitives[number];
    /** Of the workload, in the parent alone. */
    this.state = {};
    this.objects = this.#workload.open();
    this.censuses = 0;
    this.#workload.begin?.(this.#view);
  }

  get name() {
    return this.#workload.name;
  }

  /** What the workload's own functions get. */
  get #view() {
    const { number, words, lives, seed, state, objects } = this;
    return {
      words,
      lives,
      seed,
      state,
      objects,
      id: PARENT,
      flows: () => this.#board.flowsAt(number),
      isCalm: () => this.#board.load(HEAD.STOPPED) === 0,
      isPaused: () => this.isPaused || this.#board.load(HEAD.ENDING) === 1,
      fault: (text) => this.fault(text),
      /** Something that takes time, with a flow of the parent's own. Not done when another such thing is being done. */
      later: (action) => this.#later(number, action),
    };
  }

  fault(text) {
    this.#board.fault(`${this.name}: ${text}`);
  }

  tend() {
    this.#workload.tend?.(this.#view);
  }

  /** A flow died while it was at this primitive. */
  bury(id, record) {
    this.#workload.bury?.(this.#view, id, record);
  }

  get isPaused() {
    return (this.#board.load(HEAD.PAUSED) & (1 << this.number)) !== 0;
  }

  pause() {
    Atomics.or(this.#board.head, HEAD.PAUSED, 1 << this.number);
    this.#pausedAt = this.#board.load(HEAD.CLOCK);
  }

  /** When everybody has left: looks at everything. @returns {boolean} whether they had */
  census() {
    if (this.#board.flowsAt(this.number).length > 0) {
      const waited = this.#board.load(HEAD.CLOCK) - this.#pausedAt;
      if (waited > STILL_WITHIN_MS)
        this.fault(`nobody begins with it any more, and after ${waited} ms somebody is at it`);
      return false;
    }
    this.#workload.census?.(this.#view);
    this.censuses += 1;
    Atomics.and(this.#board.head, HEAD.PAUSED, ~(1 << this.number));
    return true;
  }

  /** After the last operation. @returns {string | undefined} what is to be told of it */
  finish(operations) {
    return this.#workload.finish?.({ ...this.#view, operations });
  }

  close() {
    this.#workload.end?.(this.#view);
    close(this.objects);
  }

  /** @returns {string[]} */
  describe() {
    try {
      return this.#workload.describe(this.#view);
    } catch (error) {
      return [`cannot be described: ${error.message}`];
    }
  }
}

module.exports = { Keeper };
