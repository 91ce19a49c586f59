'use strict';
// Semaphore: a counter of permits shared by threads and processes; src/sync/semaphore.rs.

const native = require('../binding');
const runtime = require('../runtime');
const { checkInteger, checkName, checkSignal, checkTimeout, invalidType, ownOptions } = require('../arguments');
const { dispose } = require('../dispose');
const { MultiprocError } = require('../errors');
const { KIND, met, onRevive, travel } = require('../travel');
const goals = require('./goals');
const { TIMED_OUT } = require('./outcome');

const VALUE_MAX = 2 ** 30 - 1;

class Semaphore {
  #native;
  #name;

  constructor(value = 1, options, revived) {
    runtime.open();
    const { name } = ownOptions('new Semaphore()', options, ['name']);
    this.#name = checkName('new Semaphore()', name);
    if (revived !== undefined) {
      this.#native = native.openObject(KIND.semaphore, revived.index, revived.generation);
      return;
    }
    checkInteger('new Semaphore()', 'value', value, 0, VALUE_MAX);
    this.#native = native.createObject(KIND.semaphore, value, this.#name);
  }

  get name() {
    return this.#name;
  }

  get value() {
    return this.#open('value').semaphoreValue();
  }

  acquire(options) {
    try {
      const { timeout, signal } = ownOptions('semaphore.acquire()', options, ['timeout', 'signal']);
      const limit = checkTimeout('semaphore.acquire()', timeout);
      checkSignal('semaphore.acquire()', signal);
      const semaphore = this.#open('acquire');
      const begin = (instance, ms) => semaphore.begin(instance, goals.SEMAPHORE, 0, 0, ms);
      return runtime.wait(begin, limit, signal).then((outcome) => outcome !== TIMED_OUT);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  acquireSync(timeout) {
    const limit = checkTimeout('semaphore.acquireSync()', timeout);
    return this.#open('acquireSync').waitSync(goals.SEMAPHORE, 0, 0, limit) !== TIMED_OUT;
  }

  tryAcquire() {
    return this.#open('tryAcquire').semaphoreTry();
  }

  release(count = 1) {
    checkInteger('semaphore.release()', 'count', count, 1, VALUE_MAX);
    this.#open('release').semaphoreRelease(count);
  }

  async run(fn, options) {
    if (typeof fn !== 'function') throw invalidType('semaphore.run()', 'fn', 'a function', fn);
    if (!(await this.acquire(options))) return false;
    try {
      return await fn();
    } finally {
      this.release();
    }
  }

  runSync(fn, timeout) {
    if (typeof fn !== 'function') throw invalidType('semaphore.runSync()', 'fn', 'a function', fn);
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
  }

  [dispose]() {
    this.close();
  }

  toJSON() {
    return met();
  }

  [travel]() {
    const semaphore = this.#open('send');
    const [index, generation] = semaphore.identity();
    semaphore.ship();
    return { kind: KIND.semaphore, index, generation, extra: this.#name };
  }

  #open(method) {
    if (this.#native === undefined) {
      throw new MultiprocError('ERR_MULTIPROC_CLOSED', `semaphore.${method}: the semaphore was closed in this thread`);
    }
    return this.#native;
  }
}

onRevive(
  KIND.semaphore,
  (index, generation, name) =>
    new Semaphore(undefined, name === undefined ? undefined : { name }, { index, generation }),
);

module.exports = { Semaphore };
