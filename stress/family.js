'use strict';
// The processes of a run: SEATS of them at any time. One that was killed is replaced by a new one in its seat. They are
// started in turns as a Process and with fork().

const path = require('node:path');
const { DOOMED, FLOWS, HEAD, RECORD, SEATS, THREADS, recordOf } = require('./board');
const { close } = require('./hands');
const { Random } = require('./random');
const { Process, fork } = require('..');

const MEMBER = path.join(__dirname, 'member.js');
/** How likely a thread has a single flow, which may block it. */
const IS_ALONE = 0.6;

class Family {
  #board;
  #lives;
  #now;
  #plan;
  #keepers;
  #env;
  #members = new Map();
  #nextLife = 1;
  #isEnding = false;
  #onEmpty;

  /**
   * @param {object} options
   * @param {{ array: object, seed: string, selected: number[], begun: number }} options.plan what every member is told
   * @param {import('./keeper').Keeper[]} options.keepers
   * @param {boolean} options.hasNet whether those that sleep look by themselves now and then
   */
  constructor({ board, lives, now, plan, keepers, hasNet }) {
    this.#env = hasNet ? process.env : { ...process.env, ...RELY_ON_WAKING };
    this.#board = board;
    this.#lives = lives;
    this.#now = now;
    this.#plan = plan;
    this.#keepers = keepers;
    this.started = 0;
    this.ended = 0;
    /** Messages with objects that may have been cut off by a kill while they were written or read. */
    this.cut = 0;
  }

  /** @returns {object[]} those that have been started and have not ended */
  get members() {
    return [...this.#members.values()];
  }

  /** Those that are at work, and that nobody is about to kill. */
  get running() {
    return this.members.filter(
      (member) => !member.isDoomed && this.#records(member.seat).some((record) => record[0] !== 0),
    );
  }

  start() {
    for (let seat = 0; seat < SEATS; seat += 1) this.#fill(seat);
  }

  #fill(seat) {
    const life = this.#nextLife;
    if (life === this.#board.lives) return;
    this.#nextLife += 1;
    const random = new Random(this.#plan.seed, 'life', life);
    const flows = () => (random.chance(IS_ALONE) ? 1 : FLOWS);
    const { array: board, ...plain } = this.#plan;
    const setup = {
      ...plain,
      board,
      life,
      seat,
      flows: flows(),
      threadFlows: seat % 2 === 1 ? flows() : 0,
      objects: this.#keepers.map(({ number, objects }) => [number, objects]),
    };
    this.#lives.begin(life);
    const isFork = random.chance(0.5);
    const member = { seat, life, isFork, isDoomed: false, isStopped: false, since: this.#board.load(HEAD.CLOCK) };
    member.child = isFork ? forkMember(setup, this.#env) : startMember(setup, this.#env);
    member.child.on('exit', (code, signal) => this.#ended(member, code, signal));
    member.child.on('error', (error) => this.#board.fault(`a member could not be started: ${error.message}`));
    // Before the process can have got the message and do anything with what is in it.
    if (member.child.pid > 0) this.#lives.enter(life, member.child.pid);
    this.#members.set(life, member);
    this.started += 1;
  }

  /** Sends SIGKILL. The mark comes first: from here on nobody takes it for living. */
  kill(member) {
    member.isDoomed = true;
    this.#lives.doomByKill(member.life);
    this.#board.store(HEAD.KILLED_AT, Math.floor(this.#now()));
    member.child.kill('SIGKILL');
  }

  stop(member) {
    member.isStopped = true;
    Atomics.add(this.#board.head, HEAD.STOPS, 1);
    Atomics.add(this.#board.head, HEAD.STOPPED, 1);
    signal(member, 'SIGSTOP');
  }

  resume(member) {
    if (!member.isStopped) return;
    member.isStopped = false;
    signal(member, 'SIGCONT');
    Atomics.sub(this.#board.head, HEAD.STOPPED, 1);
  }

  /** No more are started, and all are told to end. Resolves when they have. */
  end() {
    this.#isEnding = true;
    this.#board.store(HEAD.ENDING, 1);
    for (const member of this.members) this.resume(member);
    return this.#empty();
  }

  /** After a fault. */
  killAll() {
    this.#isEnding = true;
    for (const member of this.members) this.kill(member);
    return this.#empty();
  }

  #empty() {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#members.size === 0) resolve();
    });
  }

  /** What of its record is to be told: where the killed ones were. @type {(primitive: number, phase: number) => void} */
  onKilledAt = () => {};

  #ended(member, code, signalCode) {
    this.resume(member);
    this.#members.delete(member.life);
    this.ended += 1;
    const expected = member.isDoomed ? signalCode === 'SIGKILL' || code === 0 : this.#isEnding && code === 0;
    if (!expected) {
      this.#board.fault(
        `process ${member.child.pid} (life ${member.life}) ended by itself: ${signalCode ?? `code ${code}`}`,
      );
    }
    this.#bury(member);
    if (!this.#isEnding) this.#fill(member.seat);
    else if (this.#members.size === 0) this.#onEmpty?.();
  }

  #bury({ seat, life, isDoomed }) {
    if (this.#lives.state(life) < DOOMED) this.#lives.doom(life);
    this.#lives.end(life);
    for (const record of this.#records(seat)) {
      const id = record[RECORD.ID];
      if (id === 0) continue;
      const primitive = record[RECORD.PRIMITIVE] - 1;
      const keeper = this.#keepers.find(({ number }) => number === primitive);
      keeper?.bury(id, record);
      if (isDoomed) this.onKilledAt(primitive, record[RECORD.PHASE]);
      this.cut += record[RECORD.SENDING];
      record.fill(0);
    }
  }

  #records(seat) {
    const start = recordOf(seat, 0, 0);
    return this.#board.records.slice(start, start + THREADS * FLOWS);
  }
}

/** Members that block rely on being woken: see `net` in src/sync/park.rs. */
const RELY_ON_WAKING = { MULTIPROC_LOOK_AGAIN_MS: '60000' };

function startMember(setup, env) {
  const target = { module: MEMBER, export: 'serve' };
  const child = new Process(target, { args: [setup], name: `life ${setup.life}`, env });
  // How it ends is told by 'exit'.
  child.result.catch(() => {});
  return child.start();
}

function forkMember(setup, env) {
  const child = fork(MEMBER, ['fork'], { env });
  child.send({ setup });
  child.on('message', ({ objects }) => close(objects));
  return child;
}

function signal({ child }, name) {
  if (child instanceof Process) child.signal(name);
  else child.kill(name);
}

module.exports = { Family };
