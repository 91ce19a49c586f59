'use strict';
// The words that all processes of a run share: plain shared memory, written with Atomics, none of it under a lock.
//
// | region | words | written by |
// |---|---|---|
// | head | HEAD_WORDS | the parent; FAULTS by whoever finds one |
// | lives | 4 for each process that is ever started | the parent |
// | records | RECORD_WORDS for each flow that can be there at a time | its flow; the parent clears it after a death |
// | counts | a word for each record and primitive: operations | the record's flow |
// | worst | the same: the longest wait after a kill, milliseconds | the record's flow |
// | texts | what the first faults were | who found them |
// | primitives | what the checks of each need | all, as each says |
//
// Everything here must be right after a kill between any two instructions: a word that tells who is somewhere holds the
// id of a flow, so that whoever meets it can find out whether that one still lives.
//
// An id is life × 8 + thread × 4 + flow. Life 0 is the parent, which nobody kills.

const { SharedArray } = require('..');

const SEATS = 6;
const THREADS = 2;
const FLOWS = 3;
/** The last one is the parent's own. */
const RECORDS = SEATS * THREADS * FLOWS + 1;
const PARENT_RECORD = RECORDS - 1;
const PRIMITIVES = 24;

const HEAD_WORDS = 32;
const LIFE_WORDS = 4;
const RECORD_WORDS = 16;
const TEXTS = 8;
const TEXT_WORDS = 512;

/** Words of the head. */
const HEAD = Object.freeze({
  /** Milliseconds that count: those in which no member was stopped and the machine let the parent run (watchdog.js). */
  CLOCK: 0,
  /** 1: finish the operation and end. */
  ENDING: 1,
  /** A bit for each primitive that nobody may begin with. */
  PAUSED: 2,
  /** When the last SIGKILL was sent, in milliseconds of the run. */
  KILLED_AT: 3,
  /** How often a member was stopped so far, and how many are stopped now. */
  STOPS: 4,
  STOPPED: 5,
  FAULTS: 6,
  LIVES: 7,
  /** How often SIGKILL was sent. */
  KILLS: 8,
});

/** KILL: which kill it was that it ended by. */
const LIFE = Object.freeze({ PID: 0, START_TIME: 1, STATE: 2, KILL: 3 });
/** States of a life. DOOMED: the parent is about to kill it, has done so, or it may end by itself now. */
const LIVING = 1;
const DOOMED = 2;
const ENDED = 3;

/** Words of a record. */
const RECORD = Object.freeze({
  ID: 0,
  /** 1 + the index of the primitive; 0 between two operations. */
  PRIMITIVE: 1,
  PHASE: 2,
  /** The clock when the phase began, and how long it may last. */
  SINCE: 3,
  ALLOWED: 4,
  /** The thread's id in the system. */
  THREAD: 5,
  /** How it waits: an index into FORMS (forms.js), for reports. */
  FORM: 6,
  /** Counts the flow's operations. */
  OPERATION: 7,
  /** 1 while it sends objects. */
  SENDING: 8,
  /** From here on: what a primitive's checks need to know of a flow. */
  OWN: 9,
});

/** Phases of an operation. */
const PHASE = Object.freeze({ IDLE: 0, ASKS: 1, HOLDS: 2, GIVES: 3 });
const PHASE_NAMES = ['between operations', 'waits', 'holds', 'releases'];

const PARENT = 1;

class Board {
  #words;
  #offsets = {};

  /** @param {Int32Array} words @param {Array<{ name: string, words: number }>} primitives in the order of their numbers */
  constructor(words, primitives) {
    this.#words = words;
    const lives = words[HEAD.LIVES];
    let offset = 0;
    const region = (name, length) => {
      this.#offsets[name] = offset;
      offset += length;
    };
    region('head', HEAD_WORDS);
    region('lives', lives * LIFE_WORDS);
    region('records', RECORDS * RECORD_WORDS);
    region('counts', RECORDS * PRIMITIVES);
    region('worst', RECORDS * PRIMITIVES);
    region('texts', TEXTS * TEXT_WORDS);
    this.primitives = primitives.map(({ words: length }) => {
      const start = offset;
      offset += length;
      return words.subarray(start, offset);
    });
    this.names = primitives.map(({ name }) => name);
    this.head = words.subarray(0, HEAD_WORDS);
    /** @type {Int32Array[]} */
    this.records = Array.from({ length: RECORDS }, (_, index) => {
      const start = this.#offsets.records + index * RECORD_WORDS;
      return words.subarray(start, start + RECORD_WORDS);
    });
  }

  /** @returns {{ array: SharedArray, board: Board }} */
  static create(lives, primitives) {
    const own = primitives.reduce((sum, { words }) => sum + words, 0);
    const length =
      HEAD_WORDS + lives * LIFE_WORDS + RECORDS * (RECORD_WORDS + 2 * PRIMITIVES) + TEXTS * TEXT_WORDS + own;
    const array = new SharedArray('i32', length, { lock: false });
    array.view[HEAD.LIVES] = lives;
    return { array, board: new Board(array.view, primitives) };
  }

  get buffer() {
    return this.#words.buffer;
  }

  get length() {
    return this.#words.length;
  }

  /** How many processes can be started in a run. */
  get lives() {
    return this.head[HEAD.LIVES];
  }

  load(word) {
    return Atomics.load(this.head, word);
  }

  store(word, value) {
    Atomics.store(this.head, word, value);
  }

  life(life) {
    const start = this.#offsets.lives + life * LIFE_WORDS;
    return this.#words.subarray(start, start + LIFE_WORDS);
  }

  /** The flows that are at a primitive now. */
  flowsAt(primitive) {
    const flows = [];
    for (const record of this.records) {
      const id = Atomics.load(record, RECORD.ID);
      if (id === 0 || Atomics.load(record, RECORD.PRIMITIVE) !== primitive + 1) continue;
      flows.push({
        id,
        record,
        phase: Atomics.load(record, RECORD.PHASE),
        operation: record[RECORD.OPERATION],
        own: record.subarray(RECORD.OWN),
      });
    }
    return flows;
  }

  counts(record) {
    const start = this.#offsets.counts + record * PRIMITIVES;
    return this.#words.subarray(start, start + PRIMITIVES);
  }

  worst(record) {
    const start = this.#offsets.worst + record * PRIMITIVES;
    return this.#words.subarray(start, start + PRIMITIVES);
  }

  /** Tells of a fault. Only the first ones keep their text: what follows is mostly their consequence. */
  fault(text) {
    const number = Atomics.add(this.head, HEAD.FAULTS, 1);
    if (number >= TEXTS) return;
    const words = this.#text(number);
    const bytes = new TextEncoder().encode(text).subarray(0, (TEXT_WORDS - 1) * 4);
    const copy = new Uint8Array(words.buffer, words.byteOffset + 4, bytes.length);
    copy.set(bytes);
    Atomics.store(words, 0, bytes.length);
  }

  /** @returns {string[]} */
  faults() {
    const count = Math.min(this.load(HEAD.FAULTS), TEXTS);
    return Array.from({ length: count }, (_, number) => {
      const words = this.#text(number);
      const length = Atomics.load(words, 0);
      if (length === 0) return 'a fault whose finder was killed before it could tell of it';
      return new TextDecoder().decode(new Uint8Array(words.buffer, words.byteOffset + 4, length).slice());
    });
  }

  #text(number) {
    const start = this.#offsets.texts + number * TEXT_WORDS;
    return this.#words.subarray(start, start + TEXT_WORDS);
  }
}

function idOf(life, thread, flow) {
  return life * 8 + thread * 4 + flow;
}

function recordOf(seat, thread, flow) {
  return (seat * THREADS + thread) * FLOWS + flow;
}

module.exports = {
  Board,
  DOOMED,
  ENDED,
  FLOWS,
  HEAD,
  LIFE,
  LIVING,
  PARENT,
  PARENT_RECORD,
  PHASE,
  PHASE_NAMES,
  RECORD,
  RECORDS,
  SEATS,
  THREADS,
  idOf,
  recordOf,
};
