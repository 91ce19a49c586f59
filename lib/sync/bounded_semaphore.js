'use strict';
// BoundedSemaphore: permits that belong to the thread that acquired them, and come back when it dies;
// src/sync/permits.rs.

const { checkInteger } = require('../arguments');
const { MultiprocError } = require('../errors');
const { KIND, onRevive } = require('../travel');
const goals = require('./goals');
const { BROKEN, TIMED_OUT } = require('./outcome');
const { run, runSync } = require('./run');
const { SharedObject, open, wait, waitSync } = require('./shared_object');

const TYPE = { kind: KIND.boundedSemaphore, name: 'BoundedSemaphore', noun: 'boundedSemaphore' };
const VALUE_MAX = 65_536;

class BoundedSemaphore extends SharedObject {
  constructor(value = 1, options, internal) {
    super(TYPE, options, internal, () => checkInteger('new BoundedSemaphore()', 'value', value, 1, VALUE_MAX));
  }

  get value() {
    return open(this, 'value').permitsState()[0];
  }

  get bound() {
    return open(this, 'bound').permitsState()[1];
  }

  acquire(options) {
    return wait(this, 'acquire', goals.PERMIT, options).then(taken);
  }

  acquireSync(timeout) {
    return taken(waitSync(this, 'acquireSync', goals.PERMIT, timeout));
  }

  tryAcquire() {
    return open(this, 'tryAcquire').permitsTry();
  }

  // One at a time: several are given back one after the other, and one too many must not leave half of them given back.
  release(count = 1) {
    checkInteger('boundedSemaphore.release()', 'count', count, 1, 1);
    open(this, 'release').permitsRelease();
  }

  run(fn, options) {
    return run(
      this,
      'run',
      fn,
      () => this.acquire(options),
      (semaphore) => semaphore.permitsRelease(),
    );
  }

  runSync(fn, timeout) {
    return runSync(
      this,
      'runSync',
      fn,
      () => this.acquireSync(timeout),
      (semaphore) => semaphore.permitsRelease(),
    );
  }
}

function taken(outcome) {
  if (outcome !== BROKEN) return outcome !== TIMED_OUT;
  throw new MultiprocError('ERR_MULTIPROC_HANDLE', "boundedSemaphore: the semaphore's block has been overwritten");
}

onRevive(
  KIND.boundedSemaphore,
  (index, generation, name) => new BoundedSemaphore(undefined, undefined, { index, generation, name }),
);

module.exports = { BoundedSemaphore };
