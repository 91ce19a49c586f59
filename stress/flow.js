'use strict';
// A flow: one asynchronous function of one thread that does one operation after the other. Its record on the board tells
// the parent what it is at; the record is written before the deed, so that a kill never finds it behind.

const { setTimeout: delay } = require('node:timers/promises');
const { HEAD, PHASE, RECORD } = require('./board');

/** An acquisition without a limit that took this long, with nobody stopped, was not woken: it looked again by itself. */
const LATE_MS = 700;

/** Milliseconds of a clock that is the same in all processes. */
function milliseconds() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Milliseconds since the run began. */
function stopwatch(begun) {
  return () => milliseconds() - begun;
}

class Flow {
  #board;
  #record;
  #counts;
  #worst;
  #primitive;
  #begun;
  #stops;
  #isTimely;

  /**
   * @param {object} place
   * @param {import('./board').Board} place.board
   * @param {number} place.record its index
   * @param {number} place.id
   * @param {number} place.threadId in the system
   * @param {boolean} place.isAlone the only flow of its thread: it may block it
   * @param {import('./lives').Lives} place.lives
   * @param {() => number} place.now
   */
  constructor({ board, record, id, threadId, isAlone, lives, now }) {
    this.#board = board;
    this.#record = board.records[record];
    this.#counts = board.counts(record);
    this.#worst = board.worst(record);
    this.id = id;
    this.threadId = threadId;
    this.isAlone = isAlone;
    this.lives = lives;
    this.now = now;
    /** What the present operation draws from. @type {import('./random').Random} */
    this.random = undefined;
    this.#set(RECORD.THREAD, threadId);
    this.#phase(PHASE.IDLE, 0);
    // Last: from here on the parent sees a flow.
    this.#set(RECORD.ID, id);
  }

  get isEnding() {
    return this.#board.load(HEAD.ENDING) === 1;
  }

  /** The flow's words for what the primitives' checks need to know of it. */
  get own() {
    return this.#record.subarray(RECORD.OWN);
  }

  /** All flows that are at the same primitive. @returns {Array<{ id: number, own: Int32Array }>} */
  atTheSame() {
    return this.#board.flowsAt(this.#primitive);
  }

  /** Whether that flow is at the same operation as when it was listed: what was read of it since then is of that one. */
  isStill({ record, operation }) {
    return record[RECORD.OPERATION] === operation && Atomics.load(record, RECORD.PRIMITIVE) === this.#primitive + 1;
  }

  /** Begins an operation. `false`: the primitive is being looked at, and nobody may. */
  begin(primitive) {
    this.enter(primitive);
    // The record first, this second: the parent does it the other way round, and one of the two sees the other.
    if ((this.#board.load(HEAD.PAUSED) & (1 << primitive)) === 0) return true;
    this.#set(RECORD.PRIMITIVE, 0);
    return false;
  }

  /** The same for who may always. */
  enter(primitive) {
    this.#primitive = primitive;
    this.#phase(PHASE.IDLE, 0);
    this.own.fill(0);
    this.#record[RECORD.OPERATION] += 1;
    this.#set(RECORD.PRIMITIVE, primitive + 1);
  }

  end() {
    this.#counts[this.#primitive] += 1;
    this.#phase(PHASE.IDLE, 0);
    this.#set(RECORD.PRIMITIVE, 0);
  }

  /** It is no more: the record is free. */
  leave() {
    this.#set(RECORD.ID, 0);
  }

  /** Whether nobody may begin with the present primitive now. */
  get isPaused() {
    return (this.#board.load(HEAD.PAUSED) & (1 << this.#primitive)) !== 0;
  }

  /** From here on it waits. `allowed`: the longest that the wait may take by itself; 0 when it has no limit. */
  asks(allowed, form = 0) {
    this.#set(RECORD.FORM, form);
    this.#phase(PHASE.ASKS, allowed);
    this.#isTimely = allowed === 0 && this.#board.load(HEAD.STOPPED) === 0;
    this.#stops = this.#board.load(HEAD.STOPS);
    this.#begun = this.now();
  }

  /** Milliseconds since it asked. */
  get waited() {
    return this.now() - this.#begun;
  }

  /** It has got what it asked for. */
  holds() {
    const undisturbed = this.#isTimely && this.#board.load(HEAD.STOPS) === this.#stops;
    const clocked = this.#board.load(HEAD.CLOCK) - Atomics.load(this.#record, RECORD.SINCE);
    this.#phase(PHASE.HOLDS, 0);
    if (!undisturbed) return;
    if (clocked >= LATE_MS) this.fault(`got it after ${Math.round(this.waited)} ms: nobody had woken it`);
    const sinceKill = this.now() - this.#board.load(HEAD.KILLED_AT);
    if (sinceKill < this.waited && sinceKill > this.#worst[this.#primitive]) {
      this.#worst[this.#primitive] = Math.ceil(sinceKill);
    }
  }

  gives() {
    this.#phase(PHASE.GIVES, 0);
  }

  /** What is done while something is held: mostly short, sometimes over several turns of the event loop. */
  async work() {
    const kind = this.random.below(100);
    if (kind < 80) spin(this.random.below(300));
    else if (kind < 90) await new Promise(setImmediate);
    else if (kind < 97) spin(this.random.below(100_000));
    else await delay(1);
  }

  /** The same for what cannot await. */
  workSync() {
    spin(this.random.below(this.random.chance(0.9) ? 300 : 100_000));
  }

  /** Sends objects to the parent. The mark comes first: killed in the middle, what is under way is nobody's. */
  send(sendBack, objects) {
    this.#set(RECORD.SENDING, 1);
    sendBack(objects);
    this.#set(RECORD.SENDING, 0);
  }

  fault(text) {
    const name = this.#primitive === undefined ? '' : `${this.#board.names[this.#primitive]}: `;
    this.#board.fault(`${name}${this.lives.describe(this.id)}: ${text}`);
  }

  #phase(phase, allowed) {
    this.#set(RECORD.SINCE, this.#board.load(HEAD.CLOCK));
    this.#set(RECORD.ALLOWED, allowed);
    this.#set(RECORD.PHASE, phase);
  }

  #set(word, value) {
    Atomics.store(this.#record, word, value);
  }
}

function spin(turns) {
  for (let turn = 0; turn < turns; turn += 1);
}

module.exports = { Flow, milliseconds, stopwatch };
