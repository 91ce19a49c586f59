'use strict';
// The clock, and who is too late by it.
//
// A hang is an operation that lasts longer than it may by itself, and two seconds more. Those seconds must be such in
// which the others could have done something. So they are counted on a clock that the parent moves: not while a member is
// stopped (it may hold what the others wait for), and by no more than MOST_MS at a time, so that a machine which does not
// let the parent run, and so probably none of the others, makes no hang.

const { HEAD, PARENT_RECORD, PHASE_NAMES, RECORD } = require('./board');
const { FORMS } = require('./forms');
const { look } = require('./lives');
const { workloads } = require('./workloads');

const HANGS_AFTER_MS = 2000;
const STARTS_WITHIN_MS = 30_000;
const DIES_WITHIN_MS = 10_000;
const MOST_MS = 20;

class Watchdog {
  #board;
  #lives;
  #family;
  #now;
  #last;

  constructor({ board, lives, family, now }) {
    this.#board = board;
    this.#lives = lives;
    this.#family = family;
    this.#now = now;
    this.#last = now();
  }

  tick() {
    const now = this.#now();
    const step = Math.min(Math.round(now - this.#last), MOST_MS);
    this.#last = now;
    if (this.#board.load(HEAD.STOPPED) === 0) Atomics.add(this.#board.head, HEAD.CLOCK, step);
    const clock = this.#board.load(HEAD.CLOCK);
    for (const record of this.#board.records) this.#watch(record, clock);
    for (const member of this.#family.members) this.#watchLife(member, clock);
  }

  #watch(record, clock) {
    const id = Atomics.load(record, RECORD.ID);
    // Who is about to be killed is none of our business; what it keeps from others is.
    if (id === 0 || !this.#lives.isSafe(id)) return;
    // The parent's own flow rests most of the time.
    if (record === this.#board.records[PARENT_RECORD] && Atomics.load(record, RECORD.PRIMITIVE) === 0) return;
    const late = clock - Atomics.load(record, RECORD.SINCE) - Atomics.load(record, RECORD.ALLOWED);
    if (late > HANGS_AFTER_MS) this.#board.fault(`hangs for ${late} ms: ${this.#describe(record, clock)}`);
  }

  #watchLife(member, clock) {
    if (member.isDoomed) {
      member.doomedAt ??= clock;
      if (clock - member.doomedAt > DIES_WITHIN_MS)
        this.#board.fault(`life ${member.life} was killed and does not end`);
    } else if (!this.#family.running.includes(member) && clock - member.since > STARTS_WITHIN_MS) {
      this.#board.fault(`life ${member.life} does not begin to work`);
      member.since = clock;
    }
  }

  #describe(record, clock) {
    const [id, primitive, phase, since, allowed, thread, form] = record;
    const pid = this.#lives.pidOf(id);
    const name = primitive === 0 ? '' : `${workloads[primitive - 1].name}, `;
    const limit = allowed > 0 ? ` of at most ${allowed}` : '';
    const how = phase === 1 ? ` (${FORMS[form]})` : '';
    return `${this.#lives.describe(id)}: ${name}${PHASE_NAMES[phase]}${how} for ${clock - since}${limit} ms; thread ${thread} ${stateOf(pid, thread)}`;
  }

  /** Who is at what. @returns {string[]} */
  describe() {
    const clock = this.#board.load(HEAD.CLOCK);
    const members = this.#family.members.map(
      ({ life, seat, child, isFork, isDoomed, isStopped }) =>
        `life ${life} in seat ${seat}, process ${child.pid}, ${isFork ? 'forked' : 'a Process'}${isDoomed ? ', killed' : ''}${isStopped ? ', stopped' : ''}`,
    );
    const flows = this.#board.records
      .filter((record) => record[RECORD.ID] !== 0)
      .map((record) => this.#describe(record, clock));
    return [...members, ...flows];
  }
}

function stateOf(pid, thread) {
  if (pid === 0) return '';
  return `is ${look(`${pid}/task/${thread}`)?.state ?? 'gone'}`;
}

module.exports = { Watchdog };
