'use strict';
// Lock: mutual exclusion between threads and processes. A free lock is taken and given back with one compare-exchange
// here; everything else is src/sync/lock.rs.

const native = require('../binding');
const { checkTimeout } = require('../arguments');
const { MultiprocError } = require('../errors');
const { SEEN_THROUGH } = require('../runtime');
const { KIND, onRevive } = require('../travel');
const goals = require('./goals');
const { deadAgent, describeAgent, TIMED_OUT } = require('./outcome');
const { mustHold, resume, resumeSync, suspend } = require('./ownership');
const { run, runSync } = require('./run');
const { SharedObject, open, pin, unpin, waitFor, waitOptions } = require('./shared_object');
const { CLOSED, fastPath } = require('./window');

const TYPE = { kind: KIND.lock, name: 'Lock', noun: 'lock' };

class Lock extends SharedObject {
  #words;
  #index;
  #token;
  #abandonedBy = null;

  constructor(options, internal) {
    super(TYPE, options, internal);
    const { words, token } = fastPath();
    this.#words = words;
    this.#token = token;
    this.#index = open(this, 'constructor').wordIndex();
  }

  get locked() {
    return open(this, 'locked').lockOwner() !== 0;
  }

  get owner() {
    const token = open(this, 'owner').lockOwner();
    return token === 0 ? null : describeAgent(token);
  }

  get abandonedBy() {
    return this.#abandonedBy;
  }

  acquire(options) {
    try {
      const { limit, signal } = waitOptions('lock.acquire()', options);
      const lock = open(this, 'acquire');
      if (!signal?.aborted && this.#takeFree()) return Promise.resolve(true);
      return waitFor(lock, goals.LOCK, limit, signal).then((outcome) => this.#ended(outcome));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  acquireSync(timeout) {
    if (timeout === undefined && this.#takeFree()) return true;
    const limit = checkTimeout('lock.acquireSync()', timeout);
    const lock = open(this, 'acquireSync');
    return this.#takeFree() || this.#ended(lock.waitSync(goals.LOCK, 0, 0, limit));
  }

  tryAcquire() {
    if (this.#takeFree()) return true;
    const outcome = open(this, 'tryAcquire').lockTry();
    return outcome !== 0 && this.#ended(outcome);
  }

  release() {
    if (Atomics.compareExchange(this.#words, this.#index, this.#token, 0) !== this.#token)
      open(this, 'release').lockRelease();
  }

  #giveBack(lock) {
    if (Atomics.compareExchange(this.#words, this.#index, this.#token, 0) !== this.#token) lock.lockRelease();
  }

  run(fn, options) {
    return run(
      this,
      'run',
      fn,
      () => this.acquire(options),
      (lock) => this.#giveBack(lock),
    );
  }

  runSync(fn, timeout) {
    return runSync(
      this,
      'runSync',
      fn,
      () => this.acquireSync(timeout),
      (lock) => this.#giveBack(lock),
    );
  }

  close() {
    super.close();
    this.#words = CLOSED;
    this.#index = 0;
  }

  [mustHold](call) {
    if (open(this, 'acquire').lockOwner() === native.ownToken()) return;
    throw new MultiprocError('ERR_MULTIPROC_LOCK_NOT_OWNER', `${call}: this thread does not hold the lock`);
  }

  [suspend]() {
    this.release();
    return pin(this, 'acquire');
  }

  async [resume](lock) {
    try {
      this.#ended(await waitFor(lock, goals.LOCK, SEEN_THROUGH));
    } finally {
      unpin(this);
    }
  }

  [resumeSync](lock) {
    try {
      this.#ended(lock.waitSync(goals.LOCK, 0, 0, SEEN_THROUGH));
    } finally {
      unpin(this);
    }
  }

  #takeFree() {
    if (Atomics.compareExchange(this.#words, this.#index, 0, this.#token) !== 0) return false;
    this.#abandonedBy = null;
    return true;
  }

  #ended(outcome) {
    if (outcome === TIMED_OUT) return false;
    this.#abandonedBy = deadAgent(outcome);
    return true;
  }
}

onRevive(KIND.lock, (index, generation, name) => new Lock(undefined, { index, generation, name }));

module.exports = { Lock };
