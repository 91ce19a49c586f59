'use strict';
// Barrier: n parties meet, as often as they like; src/sync/barrier.rs.

const native = require('../binding');
const runtime = require('../runtime');
const { checkInteger, checkName, checkSignal, checkTimeout, ownOptions } = require('../arguments');
const { dispose } = require('../dispose');
const { AbortError, BrokenBarrierError, MultiprocError } = require('../errors');
const { KIND, met, onRevive, travel } = require('../travel');
const goals = require('./goals');
const { DONE, TIMED_OUT, describeAgent } = require('./outcome');

const PARTIES_MAX = 65_536;

class Barrier {
  #native;
  #name;

  constructor(parties, options, revived) {
    runtime.open();
    const { name } = ownOptions('new Barrier()', options, ['name']);
    this.#name = checkName('new Barrier()', name);
    if (revived !== undefined) {
      this.#native = native.openObject(KIND.barrier, revived.index, revived.generation);
      return;
    }
    checkInteger('new Barrier()', 'parties', parties, 1, PARTIES_MAX);
    this.#native = native.createObject(KIND.barrier, parties, this.#name);
  }

  get name() {
    return this.#name;
  }

  get parties() {
    return this.#open('parties').barrierState()[0];
  }

  get waiting() {
    return this.#open('waiting').barrierState()[1];
  }

  get broken() {
    return this.#open('broken').barrierState()[2] === 1;
  }

  async wait(options) {
    const { timeout, signal } = ownOptions('barrier.wait()', options, ['timeout', 'signal']);
    const limit = checkTimeout('barrier.wait()', timeout);
    checkSignal('barrier.wait()', signal);
    const barrier = this.#open('wait');
    if (signal?.aborted) throw new AbortError(signal.reason);
    const [outcome, round, index] = barrier.barrierArrive(false);
    if (outcome !== 0) return this.#passed(index, outcome);
    const begin = (instance, ms) => barrier.begin(instance, goals.BARRIER, round, index, ms);
    return this.#passed(index, await runtime.wait(begin, limit, signal));
  }

  waitSync(timeout) {
    const limit = checkTimeout('barrier.waitSync()', timeout);
    const barrier = this.#open('waitSync');
    const [outcome, round, index] = barrier.barrierArrive(false);
    return this.#passed(index, outcome === 0 ? barrier.waitSync(goals.BARRIER, round, index, limit) : outcome);
  }

  abort() {
    this.#open('abort').barrierAbort();
  }

  reset() {
    this.#open('reset').barrierReset();
  }

  close() {
    this.#native?.close();
    this.#native = undefined;
  }

  [dispose]() {
    this.close();
  }

  toJSON() {
    return met();
  }

  [travel]() {
    const barrier = this.#open('send');
    const [index, generation] = barrier.identity();
    barrier.ship();
    return { kind: KIND.barrier, index, generation, extra: this.#name };
  }

  #passed(index, outcome) {
    if (outcome === DONE) return index;
    if (outcome === TIMED_OUT)
      throw new BrokenBarrierError('barrier.wait(): not all parties came in time, which broke the barrier');
    const culprit = this.#native?.barrierState()[3] ?? 0;
    if (culprit === 0) {
      throw new BrokenBarrierError(
        'barrier.wait(): the barrier is broken: a party gave up or aborted it; barrier.reset() revives it',
      );
    }
    const deadParty = describeAgent(culprit);
    throw new BrokenBarrierError(
      `barrier.wait(): the barrier is broken: a party died (process ${deadParty.pid ?? 'unknown'}); barrier.reset() revives it`,
      { deadParty },
    );
  }

  #open(method) {
    if (this.#native === undefined) {
      throw new MultiprocError('ERR_MULTIPROC_CLOSED', `barrier.${method}: the barrier was closed in this thread`);
    }
    return this.#native;
  }
}

onRevive(
  KIND.barrier,
  (index, generation, name) => new Barrier(undefined, name === undefined ? undefined : { name }, { index, generation }),
);

module.exports = { Barrier };
