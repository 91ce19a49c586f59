'use strict';
// Barrier: n parties meet, as often as they like; src/sync/barrier.rs.

const runtime = require('../runtime');
const { checkInteger, checkSignal, checkTimeout, ownOptions } = require('../arguments');
const { AbortError, BrokenBarrierError, MultiprocError } = require('../errors');
const { KIND, onRevive, travel } = require('../travel');
const { Action } = require('./action');
const { deadline } = require('./deadline');
const goals = require('./goals');
const { DONE, TIMED_OUT, describeAgent } = require('./outcome');
const { SharedObject, open, pin, unpin } = require('./shared_object');

const TYPE = { kind: KIND.barrier, name: 'Barrier', noun: 'barrier' };
const PARTIES_MAX = 65_536;

// What `barrierArrive` tells beside outcomes; src/binding/barrier.rs has the same numbers.
const ACTS = 1;
/** The last party of the round is acting: arrive again when it has ended. */
const EARLY = 2;

class Barrier extends SharedObject {
  /** Milliseconds, -1 for none: the limit of waits that give none. */
  #limit;
  /** @type {Action | undefined} */
  #action;

  constructor(parties, options, internal) {
    const call = 'new Barrier()';
    const { limit, action } = internal ?? ownBehaviour(call, options);
    super(TYPE, options, internal, () => checkInteger(call, 'parties', parties, 1, PARTIES_MAX));
    this.#limit = limit;
    this.#action = action;
  }

  get parties() {
    return open(this, 'parties').barrierState()[0];
  }

  get waiting() {
    return open(this, 'waiting').barrierState()[1];
  }

  get broken() {
    return open(this, 'broken').barrierState()[2] === 1;
  }

  async wait(options) {
    const { timeout, signal } = ownOptions('barrier.wait()', options, ['timeout', 'signal']);
    const left = deadline(this.#limitOf('barrier.wait()', timeout));
    checkSignal('barrier.wait()', signal);
    const barrier = pin(this, 'wait');
    try {
      // Before it arrives: an action that cannot be had breaks nothing.
      const act = this.#action && (this.#action.loadNow() ?? (await this.#action.load()));
      for (;;) {
        if (signal?.aborted) throw new AbortError(signal.reason);
        const [arrival, round, index] = barrier.barrierArrive(act !== undefined);
        if (arrival < 0) return passed(barrier, index, arrival);
        if (arrival === ACTS) return await acted(barrier, round, index, act);
        const begin = (instance, ms) => barrier.begin(instance, goals.BARRIER, round, index, ms);
        const outcome = await runtime.wait(begin, left(), signal);
        if (arrival !== EARLY || outcome === TIMED_OUT) return passed(barrier, index, outcome);
      }
    } finally {
      unpin(this);
    }
  }

  waitSync(timeout) {
    const left = deadline(this.#limitOf('barrier.waitSync()', timeout));
    const barrier = pin(this, 'waitSync');
    try {
      const act = this.#action?.loadSync('barrier.waitSync()');
      for (;;) {
        const [arrival, round, index] = barrier.barrierArrive(act !== undefined);
        if (arrival < 0) return passed(barrier, index, arrival);
        if (arrival === ACTS) return actedSync(barrier, round, index, act);
        const outcome = barrier.waitSync(goals.BARRIER, round, index, left());
        if (arrival !== EARLY || outcome === TIMED_OUT) return passed(barrier, index, outcome);
      }
    } finally {
      unpin(this);
    }
  }

  abort() {
    open(this, 'abort').barrierAbort();
  }

  reset() {
    open(this, 'reset').barrierReset();
  }

  [travel]() {
    const extra = { name: this.name, limit: this.#limit, action: this.#action?.description };
    return { ...super[travel](), extra };
  }

  #limitOf(call, timeout) {
    return timeout === undefined ? this.#limit : checkTimeout(call, timeout);
  }
}

async function acted(barrier, round, index, act) {
  try {
    await act();
  } catch (error) {
    barrier.barrierComplete(round, index, false);
    throw error;
  }
  return passed(barrier, index, barrier.barrierComplete(round, index, true));
}

function actedSync(barrier, round, index, act) {
  try {
    if (typeof act()?.then === 'function') {
      throw new MultiprocError(
        'ERR_MULTIPROC_UNSUPPORTED',
        'barrier.waitSync(): the action returned a promise, which a blocked thread cannot await; use wait()',
      );
    }
  } catch (error) {
    barrier.barrierComplete(round, index, false);
    throw error;
  }
  return passed(barrier, index, barrier.barrierComplete(round, index, true));
}

/** @returns {number} the index, for a party that has passed */
function passed(barrier, index, outcome) {
  if (outcome === DONE) return index;
  if (outcome === TIMED_OUT)
    throw new BrokenBarrierError('barrier.wait(): not all parties came in time, which broke the barrier');
  const culprit = barrier.barrierState()[3];
  if (culprit === 0) {
    throw new BrokenBarrierError(
      'barrier.wait(): the barrier is broken: a party gave up, aborted it, or failed in the action; barrier.reset() revives it',
    );
  }
  const deadParty = describeAgent(culprit);
  throw new BrokenBarrierError(
    `barrier.wait(): the barrier is broken: a party died (process ${deadParty.pid ?? 'unknown'}); barrier.reset() revives it`,
    { deadParty },
  );
}

function ownBehaviour(call, options) {
  const { timeout, action, scope } = ownOptions(call, options, ['timeout', 'action', 'scope']);
  return {
    limit: checkTimeout(call, timeout),
    action: action === undefined ? undefined : Action.from(call, action, scope),
  };
}

onRevive(KIND.barrier, (index, generation, { name, limit, action }) => {
  const internal = { index, generation, name, limit, action: action && new Action(action) };
  return new Barrier(undefined, undefined, internal);
});

module.exports = { Barrier };
