'use strict';
// Condition: who holds its lock waits to be told that something has changed; src/sync/condition.rs.

const runtime = require('../runtime');
const { checkInteger, checkName, checkTimeout, invalidType, ownOptions } = require('../arguments');
const { AbortError } = require('../errors');
const { KIND, onRevive, travel } = require('../travel');
const { deadline } = require('./deadline');
const goals = require('./goals');
const { Lock } = require('./lock');
const { TIMED_OUT } = require('./outcome');
const { mustHold, resume, resumeSync, suspend } = require('./ownership');
const { RLock } = require('./rlock');
const { SharedObject, open, typeOf, waitOptions } = require('./shared_object');

const TYPE = { kind: KIND.condition, name: 'Condition', noun: 'condition' };
/** A monitor's condition: errors name what the user called. */
const OF_MONITOR = { kind: KIND.condition, name: 'Monitor', noun: 'monitor' };
const COUNT_MAX = 2 ** 32 - 1;

class Condition extends SharedObject {
  #lock;

  constructor(lock, options, internal) {
    const type = internal?.isOfMonitor ? OF_MONITOR : TYPE;
    const checked = internal?.lock ?? lockFrom(`new ${type.name}()`, lock, options);
    super(type, options, internal);
    this.#lock = checked;
  }

  get lock() {
    return this.#lock;
  }

  get waiting() {
    return open(this, 'waiting').conditionWaiting();
  }

  async acquire(options) {
    open(this, 'acquire');
    return this.#lock.acquire(options);
  }

  acquireSync(timeout) {
    open(this, 'acquireSync');
    return this.#lock.acquireSync(timeout);
  }

  tryAcquire() {
    open(this, 'tryAcquire');
    return this.#lock.tryAcquire();
  }

  release() {
    open(this, 'release');
    this.#lock.release();
  }

  async run(fn, options) {
    open(this, 'run');
    return this.#lock.run(fn, options);
  }

  runSync(fn, timeout) {
    open(this, 'runSync');
    return this.#lock.runSync(fn, timeout);
  }

  async wait(options) {
    const { limit, signal } = waitOptions(callOf(this, 'wait'), options);
    return this.#wait('wait', limit, signal);
  }

  waitSync(timeout) {
    return this.#waitSync('waitSync', checkTimeout(callOf(this, 'waitSync'), timeout));
  }

  async waitFor(predicate, options) {
    const call = callOf(this, 'waitFor');
    if (typeof predicate !== 'function') throw invalidType(call, 'predicate', 'a function', predicate);
    const { limit, signal } = waitOptions(call, options);
    this.#mustHold('waitFor');
    if (signal?.aborted) throw new AbortError(signal.reason);
    const left = deadline(limit);
    for (;;) {
      const value = await predicate();
      const remaining = left();
      if (value || remaining === 0) return value;
      await this.#wait('waitFor', remaining, signal);
    }
  }

  waitForSync(predicate, timeout) {
    const call = callOf(this, 'waitForSync');
    if (typeof predicate !== 'function') throw invalidType(call, 'predicate', 'a function', predicate);
    const left = deadline(checkTimeout(call, timeout));
    this.#mustHold('waitForSync');
    for (;;) {
      const value = predicate();
      const remaining = left();
      if (value || remaining === 0) return value;
      this.#waitSync('waitForSync', remaining);
    }
  }

  notify(n = 1) {
    checkInteger(callOf(this, 'notify'), 'n', n, 1, COUNT_MAX);
    return this.#mustHold('notify').conditionNotify(n);
  }

  notifyAll() {
    return this.#mustHold('notifyAll').conditionNotify(COUNT_MAX);
  }

  [travel]() {
    const isOfMonitor = typeOf(this) === OF_MONITOR;
    return { ...super[travel](), extra: { name: this.name, lock: this.#lock, isOfMonitor } };
  }

  /** @returns {object} the native condition */
  #mustHold(method) {
    const condition = open(this, method);
    this.#lock[mustHold](callOf(this, method));
    return condition;
  }

  async #wait(method, limit, signal) {
    const condition = this.#mustHold(method);
    if (signal?.aborted) throw new AbortError(signal.reason);
    const ticket = condition.conditionEnter();
    const held = this.#letGo(condition, ticket);
    try {
      const begin = (instance, ms) => condition.begin(instance, goals.CONDITION, ...ticket, ms);
      return (await runtime.wait(begin, limit, signal)) !== TIMED_OUT;
    } finally {
      await this.#lock[resume](held);
    }
  }

  #waitSync(method, limit) {
    const condition = this.#mustHold(method);
    const ticket = condition.conditionEnter();
    const held = this.#letGo(condition, ticket);
    try {
      return condition.waitSync(goals.CONDITION, ...ticket, limit) !== TIMED_OUT;
    } finally {
      this.#lock[resumeSync](held);
    }
  }

  /** Releases the lock after the wait was entered. Any thread may release a Lock: it may be free already. */
  #letGo(condition, ticket) {
    try {
      return this.#lock[suspend]();
    } catch (error) {
      condition.conditionLeave(...ticket);
      throw error;
    }
  }
}

function callOf(condition, method) {
  return `${typeOf(condition).noun}.${method}()`;
}

function lockFrom(call, lock, options) {
  if (lock instanceof Lock || lock instanceof RLock) return lock;
  if (lock !== undefined) throw invalidType(call, 'lock', 'a Lock or an RLock', lock);
  const name = checkName(call, ownOptions(call, options, ['name']).name);
  return new RLock(undefined, name === undefined ? undefined : { name: `${name}\u0001lock` });
}

onRevive(
  KIND.condition,
  (index, generation, { name, lock, isOfMonitor }) =>
    new Condition(undefined, undefined, { index, generation, name, lock, isOfMonitor }),
);

module.exports = { Condition };
