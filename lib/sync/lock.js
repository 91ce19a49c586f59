'use strict';
// Lock: mutual exclusion between threads and processes. A free lock is taken and given back with one compare-exchange
// here; everything else is src/sync/lock.rs.

const native = require('../binding');
const runtime = require('../runtime');
const { checkName, checkSignal, checkTimeout, invalidType, ownOptions } = require('../arguments');
const { dispose } = require('../dispose');
const { MultiprocError } = require('../errors');
const { KIND, met, onRevive, travel } = require('../travel');
const goals = require('./goals');
const { deadAgent, describeAgent, TIMED_OUT } = require('./outcome');
const { fastPath } = require('./window');

/** In place of the window once a lock is closed: never free and never ours, so that the fast paths fail. */
const CLOSED = new Int32Array(new SharedArrayBuffer(4)).fill(-1);

class Lock {
  #native;
  #words;
  #index;
  #token;
  #name;
  #abandonedBy = null;

  /** `internal`, for this package alone: a handle to be revived, or the name that a shared value gives its own lock. */
  constructor(options, internal) {
    const { words, token } = fastPath();
    const { name } = ownOptions('new Lock()', options, ['name']);
    this.#name = internal?.ownName ?? checkName('new Lock()', name);
    this.#native =
      internal?.index === undefined
        ? native.createObject(KIND.lock, 0, this.#name)
        : native.openObject(KIND.lock, internal.index, internal.generation);
    this.#words = words;
    this.#token = token;
    this.#index = this.#native.wordIndex();
  }

  get name() {
    return this.#name;
  }

  get locked() {
    return this.#open('locked').lockOwner() !== 0;
  }

  get owner() {
    const token = this.#open('owner').lockOwner();
    return token === 0 ? null : describeAgent(token);
  }

  get abandonedBy() {
    return this.#abandonedBy;
  }

  acquire(options) {
    try {
      const { timeout, signal } = ownOptions('lock.acquire()', options, ['timeout', 'signal']);
      const limit = checkTimeout('lock.acquire()', timeout);
      checkSignal('lock.acquire()', signal);
      const lock = this.#open('acquire');
      if (!signal?.aborted && this.#takeFree()) return Promise.resolve(true);
      return runtime
        .wait((instance, ms) => lock.begin(instance, goals.LOCK, 0, 0, ms), limit, signal)
        .then((outcome) => this.#ended(outcome));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  acquireSync(timeout) {
    if (timeout === undefined && this.#takeFree()) return true;
    const limit = checkTimeout('lock.acquireSync()', timeout);
    const lock = this.#open('acquireSync');
    return this.#takeFree() || this.#ended(lock.waitSync(goals.LOCK, 0, 0, limit));
  }

  tryAcquire() {
    if (this.#takeFree()) return true;
    const outcome = this.#open('tryAcquire').lockTry();
    return outcome !== 0 && this.#ended(outcome);
  }

  release() {
    if (Atomics.compareExchange(this.#words, this.#index, this.#token, 0) !== this.#token)
      this.#open('release').lockRelease();
  }

  async run(fn, options) {
    if (typeof fn !== 'function') throw invalidType('lock.run()', 'fn', 'a function', fn);
    if (!(await this.acquire(options))) return false;
    try {
      return await fn();
    } finally {
      this.release();
    }
  }

  runSync(fn, timeout) {
    if (typeof fn !== 'function') throw invalidType('lock.runSync()', 'fn', 'a function', fn);
    if (!this.acquireSync(timeout)) return false;
    try {
      return fn();
    } finally {
      this.release();
    }
  }

  close() {
    this.#native?.close();
    this.#native = undefined;
    this.#words = CLOSED;
    this.#index = 0;
  }

  [dispose]() {
    this.close();
  }

  toJSON() {
    return met();
  }

  [travel]() {
    const lock = this.#open('send');
    const [index, generation] = lock.identity();
    lock.ship();
    return { kind: KIND.lock, index, generation, extra: this.#name };
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

  #open(method) {
    if (this.#native === undefined) {
      throw new MultiprocError(
        'ERR_MULTIPROC_CLOSED',
        `lock.${method}: the lock was closed in this thread; make or receive it anew`,
      );
    }
    return this.#native;
  }
}

onRevive(
  KIND.lock,
  (index, generation, name) => new Lock(name === undefined ? undefined : { name }, { index, generation }),
);

module.exports = { Lock };
