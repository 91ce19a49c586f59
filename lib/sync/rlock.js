'use strict';
// RLock: a re-entrant lock. Its owner is a process, a thread in it, and an asynchronous flow of that thread (flow.js).
//
// Process and thread are the token in the lock's word, as in Lock. Which flow of this thread holds it, and how often, is
// nobody else's business and stands here, once for all objects of the lock in this thread.

const { checkTimeout } = require('../arguments');
const { MultiprocError } = require('../errors');
const { SEEN_THROUGH } = require('../runtime');
const { KIND, onRevive } = require('../travel');
const flows = require('./flow');
const goals = require('./goals');
const { DONE, deadAgent, describeAgent, selfDeadlock, TIMED_OUT } = require('./outcome');
const ownership = require('./ownership');
const { run, runSync } = require('./run');
const { SharedObject, open, pin, unpin, waitFor, waitOptions } = require('./shared_object');
const { CLOSED, fastPath } = require('./window');

const TYPE = { kind: KIND.rlock, name: 'RLock', noun: 'rLock' };

/** What this thread holds, by the lock's identity. @type {Map<string, { flow: object, count: number, abandonedBy: object | null }>} */
const holds = new Map();

class RLock extends SharedObject {
  #words;
  #index;
  #token;
  #identity;
  #abandonedBy = null;

  constructor(options, internal) {
    super(TYPE, options, internal);
    flows.watch();
    const { words, token } = fastPath();
    const rlock = open(this, 'constructor');
    this.#words = words;
    this.#token = token;
    this.#index = rlock.wordIndex();
    this.#identity = rlock.identity().join(':');
  }

  get locked() {
    return open(this, 'locked').lockOwner() !== 0;
  }

  get owner() {
    const token = open(this, 'owner').lockOwner();
    return token === 0 ? null : describeAgent(token);
  }

  get count() {
    open(this, 'count');
    return this.#held(flows.current())?.count ?? 0;
  }

  get abandonedBy() {
    return this.#abandonedBy;
  }

  acquire(options) {
    try {
      const { limit, signal } = waitOptions('rLock.acquire()', options);
      open(this, 'acquire');
      const own = flows.current();
      const flow = own ?? flows.enterPending();
      const acquired = this[ownership.acquireAs](flow, limit, signal);
      if (own !== undefined) return acquired;
      // Registered before the caller can await it, so that the flow is its own when it goes on.
      const settle = () => {
        flow.isPending = false;
      };
      acquired.then(settle, settle);
      return acquired;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  acquireSync(timeout) {
    const limit = checkTimeout('rLock.acquireSync()', timeout);
    return this.#acquireNow((flow) => this[ownership.acquireSyncAs](flow, limit));
  }

  tryAcquire() {
    return this.#acquireNow((flow) => {
      const rlock = open(this, 'tryAcquire');
      if (this.#reenter(flow) || this.#takeFree(flow)) return true;
      const outcome = rlock.lockTry();
      return outcome !== 0 && this.#ended(flow, outcome);
    });
  }

  release() {
    this.#release(open(this, 'release'), flows.current());
  }

  run(fn, options) {
    const call = 'rLock.run()';
    const flow = flows.current() ?? new flows.Flow();
    const acquire = async () => {
      const { limit, signal } = waitOptions(call, options);
      return this[ownership.acquireAs](flow, limit, signal);
    };
    return run(
      this,
      'run',
      fn,
      acquire,
      (rlock) => this.#release(rlock, flow),
      () => flows.runIn(flow, fn),
    );
  }

  runSync(fn, timeout) {
    const call = 'rLock.runSync()';
    const flow = flows.current() ?? new flows.Flow();
    return runSync(
      this,
      'runSync',
      fn,
      () => this[ownership.acquireSyncAs](flow, checkTimeout(call, timeout)),
      (rlock) => this.#release(rlock, flow),
      () => flows.runIn(flow, fn),
    );
  }

  close() {
    super.close();
    this.#words = CLOSED;
    this.#index = 0;
  }

  [ownership.acquireAs](flow, limit, signal) {
    const rlock = open(this, 'acquire');
    if (!signal?.aborted && (this.#reenter(flow) || this.#takeFree(flow))) return Promise.resolve(true);
    return waitFor(rlock, goals.LOCK, limit, signal).then((outcome) => this.#ended(flow, outcome));
  }

  [ownership.acquireSyncAs](flow, limit) {
    const rlock = open(this, 'acquireSync');
    if (this.#reenter(flow) || this.#takeFree(flow)) return true;
    if (limit < 0 && rlock.lockOwner() === this.#token) {
      throw selfDeadlock(
        'rLock.acquireSync(): another asynchronous flow of this thread holds the lock, and cannot release it while the thread is blocked; use await acquire(), or a timeout',
        this.#token,
        'the lock',
      );
    }
    return this.#ended(flow, rlock.waitSync(goals.LOCK, 0, 0, limit));
  }

  [ownership.releaseAs](rlock, flow) {
    this.#release(rlock, flow);
  }

  [ownership.mustHold](call) {
    open(this, 'acquire');
    if (this.#held(flows.current()) === undefined) throw notOwner(call);
  }

  [ownership.suspend]() {
    const rlock = pin(this, 'acquire');
    const hold = this.#held(flows.current());
    this.#giveUp(rlock, hold);
    return { rlock, ...hold };
  }

  async [ownership.resume]({ rlock, flow, count }) {
    try {
      this.#resumed(flow, count, await waitFor(rlock, goals.LOCK, SEEN_THROUGH));
    } finally {
      unpin(this);
    }
  }

  [ownership.resumeSync]({ rlock, flow, count }) {
    try {
      this.#resumed(flow, count, rlock.waitSync(goals.LOCK, 0, 0, SEEN_THROUGH));
    } finally {
      unpin(this);
    }
  }

  #resumed(flow, count, outcome) {
    this.#ended(flow, outcome);
    this.#held(flow).count = count;
  }

  /** Acquires without waiting for a promise: a fresh flow is the caller's if that succeeds. */
  #acquireNow(acquire) {
    const own = flows.current();
    const flow = own ?? new flows.Flow();
    if (!acquire(flow)) return false;
    if (own === undefined) flows.enter(flow);
    return true;
  }

  /** What that flow holds of this lock, if anything. */
  #held(flow) {
    const hold = holds.get(this.#identity);
    return flow !== undefined && hold?.flow === flow ? hold : undefined;
  }

  #reenter(flow) {
    const hold = this.#held(flow);
    if (hold === undefined) return false;
    hold.count += 1;
    this.#abandonedBy = hold.abandonedBy;
    return true;
  }

  #takeFree(flow) {
    if (Atomics.compareExchange(this.#words, this.#index, 0, this.#token) !== 0) return false;
    return this.#ended(flow, DONE);
  }

  #ended(flow, outcome) {
    if (outcome === TIMED_OUT) return false;
    this.#abandonedBy = deadAgent(outcome);
    holds.set(this.#identity, { flow, count: 1, abandonedBy: this.#abandonedBy });
    flow.locks += 1;
    return true;
  }

  #release(rlock, flow) {
    const hold = this.#held(flow);
    if (hold === undefined) {
      if (rlock.lockOwner() !== 0) throw notOwner('rLock.release()');
      throw new MultiprocError('ERR_MULTIPROC_LOCK_NOT_HELD', 'rLock.release(): the lock is not held by anyone');
    }
    if (hold.count > 1) hold.count -= 1;
    else this.#giveUp(rlock, hold);
  }

  #giveUp(rlock, hold) {
    holds.delete(this.#identity);
    hold.flow.locks -= 1;
    if (Atomics.compareExchange(this.#words, this.#index, this.#token, 0) !== this.#token) rlock.lockRelease();
  }
}

function notOwner(call) {
  return new MultiprocError(
    'ERR_MULTIPROC_LOCK_NOT_OWNER',
    `${call}: the caller does not hold the lock; its owner is an asynchronous flow of one thread`,
  );
}

onRevive(KIND.rlock, (index, generation, name) => new RLock(undefined, { index, generation, name }));

module.exports = { RLock };
