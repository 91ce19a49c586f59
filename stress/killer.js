'use strict';
// What happens to the family, drawn from the seed deed by deed: kills, stops for a while, objects sent in messages.

const { spawn } = require('node:child_process');
const { setTimeout: delay } = require('node:timers/promises');
const { FLOWS, HEAD, PHASE, RECORD, SEATS, THREADS, recordOf } = require('./board');
const { Random } = require('./random');

/** Milliseconds between two deeds. */
const [PAUSE_MIN, PAUSE_MAX] = [2, 70];
/** How long a member is stopped. */
const [STOP_MIN, STOP_MAX] = [5, 250];
/** At which age the second of two is killed, at most. */
const BIRTH_MS = 150;
/** How many must be at work before the next deed. */
const AT_WORK = SEATS - 3;
/** How long a kill waits for its victim to be at what it is to be killed at. */
const AIM_MS = 3;
/** Milliseconds of the clock: more than makes a wait late (flow.js). */
const CALM_MS = 1200;

class Killer {
  #board;
  #family;
  #keepers;
  #seed;
  #now;
  #stops = new Set();
  #isEnding = false;

  constructor({ board, family, keepers, seed, now }) {
    this.#board = board;
    this.#family = family;
    this.#keepers = keepers;
    this.#seed = seed;
    this.#now = now;
    this.kills = 0;
    this.stops = 0;
    this.gifts = 0;
    this.calms = 0;
    /** Of the kills: of processes that had not begun to work. */
    this.births = 0;
  }

  /** Until `isOver` says so. */
  async run(isOver) {
    for (let deed = 0; !isOver(); deed += 1) {
      const random = new Random(this.#seed, 'deed', deed);
      await delay(random.between(PAUSE_MIN, PAUSE_MAX));
      while (this.#family.running.length < AT_WORK && !isOver()) await delay(2);
      if (isOver()) break;
      const member = this.#victim(random);
      const kind = random.weighted([
        [70, 'kill'],
        [8, 'kill twice'],
        [8, 'stop'],
        [8, 'gift'],
        [6, 'calm'],
      ]);
      if (kind === 'kill') this.#kill(member, random);
      else if (kind === 'kill twice') await this.#killTwice(member, random, isOver);
      else if (kind === 'stop') this.#stop(member, random);
      else if (kind === 'gift') this.#give(member, random);
      else await this.#calm(isOver);
    }
    this.#isEnding = true;
    await Promise.all(this.#stops);
  }

  /** A death wakes everybody. So a lost wake-up shows only when for a while nobody dies. */
  async #calm(isOver) {
    this.calms += 1;
    const until = this.#board.load(HEAD.CLOCK) + CALM_MS;
    while (this.#board.load(HEAD.CLOCK) < until && !isOver()) await delay(5);
  }

  /** The member in the seat that was drawn, or in the next one where somebody is at work. */
  #victim(random) {
    const { running } = this.#family;
    const seat = random.below(SEATS);
    const distance = (member) => (member.seat - seat + SEATS) % SEATS;
    return running.reduce((best, member) => (distance(member) < distance(best) ? member : best));
  }

  #kill(member, random) {
    const phase = random.weighted([
      [40, undefined],
      [25, PHASE.ASKS],
      [20, PHASE.HOLDS],
      [15, PHASE.GIVES],
    ]);
    if (phase !== undefined) this.#waitFor(member, phase);
    this.#family.kill(member);
    this.kills += 1;
  }

  /** A member, and its successor soon after that was started. */
  async #killTwice(member, random, isOver) {
    this.#kill(member, random);
    const successor = () => this.#family.members.find(({ seat, life }) => seat === member.seat && life !== member.life);
    while (successor() === undefined && !isOver()) await delay(1);
    await delay(random.between(0, BIRTH_MS));
    const young = successor();
    if (isOver() || young === undefined || young.isDoomed) return;
    if (!this.#family.running.includes(young)) {
      this.births += 1;
      // It may be reading what it was started with.
      this.#family.cut += 1;
    }
    this.#family.kill(young);
    this.kills += 1;
  }

  /** Blocks this process for a moment, so that the kill comes soon after. */
  #waitFor({ seat }, phase) {
    const start = recordOf(seat, 0, 0);
    const records = this.#board.records.slice(start, start + THREADS * FLOWS);
    const isThere = (record) =>
      Atomics.load(record, RECORD.PRIMITIVE) !== 0 && Atomics.load(record, RECORD.PHASE) === phase;
    const until = this.#now() + AIM_MS;
    while (this.#now() < until && !records.some(isThere));
  }

  #stop(member, random) {
    if (member.isStopped) return;
    const length = random.between(STOP_MIN, STOP_MAX);
    this.stops += 1;
    // Should it be stopped inside the lock of the domain, which is waited for, this process may not get to resuming it.
    spawn('sh', ['-c', 'sleep 0.5; kill -CONT "$0" 2>/dev/null', String(member.child.pid)], { stdio: 'ignore' });
    this.#family.stop(member);
    const stop = this.#resumeLater(member, length).finally(() => this.#stops.delete(stop));
    this.#stops.add(stop);
  }

  async #resumeLater(member, length) {
    const until = this.#now() + length;
    while (this.#now() < until && !this.#isEnding && member.isStopped) await delay(2);
    this.#family.resume(member);
  }

  #give(member, random) {
    const keeper = random.pick(this.#keepers);
    if (!member.isFork || !member.child.connected) return;
    this.gifts += 1;
    this.#family.cut += 1;
    member.child.send({ gift: { number: keeper.number, objects: keeper.objects } });
  }
}

module.exports = { Killer };
