'use strict';
// Semaphore: a counter of permits shared by threads and processes; src/sync/semaphore.rs.

const { checkInteger } = require('../arguments');
const { KIND, onRevive } = require('../travel');
const goals = require('./goals');
const { TIMED_OUT } = require('./outcome');
const { run, runSync } = require('./run');
const { SharedObject, open, wait, waitSync } = require('./shared_object');

const TYPE = { kind: KIND.semaphore, name: 'Semaphore', noun: 'semaphore' };
const VALUE_MAX = 2 ** 30 - 1;

class Semaphore extends SharedObject {
  constructor(value = 1, options, internal) {
    super(TYPE, options, internal, () => checkInteger('new Semaphore()', 'value', value, 0, VALUE_MAX));
  }

  get value() {
    return open(this, 'value').semaphoreValue();
  }

  acquire(options) {
    return wait(this, 'acquire', goals.SEMAPHORE, options).then((outcome) => outcome !== TIMED_OUT);
  }

  acquireSync(timeout) {
    return waitSync(this, 'acquireSync', goals.SEMAPHORE, timeout) !== TIMED_OUT;
  }

  tryAcquire() {
    return open(this, 'tryAcquire').semaphoreTry();
  }

  release(count = 1) {
    checkInteger('semaphore.release()', 'count', count, 1, VALUE_MAX);
    open(this, 'release').semaphoreRelease(count);
  }

  run(fn, options) {
    return run(
      this,
      'run',
      fn,
      () => this.acquire(options),
      (semaphore) => semaphore.semaphoreRelease(1),
    );
  }

  runSync(fn, timeout) {
    return runSync(
      this,
      'runSync',
      fn,
      () => this.acquireSync(timeout),
      (semaphore) => semaphore.semaphoreRelease(1),
    );
  }
}

onRevive(KIND.semaphore, (index, generation, name) => new Semaphore(undefined, undefined, { index, generation, name }));

module.exports = { Semaphore };
