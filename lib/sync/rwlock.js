'use strict';
// RwLock: many readers or one writer; src/sync/rwlock.rs.

const { KIND, onRevive } = require('../travel');
const goals = require('./goals');
const { TIMED_OUT, deadAgent, describeAgent } = require('./outcome');
const { run, runSync } = require('./run');
const { SharedObject, open, wait, waitSync } = require('./shared_object');

const TYPE = { kind: KIND.rwLock, name: 'RwLock', noun: 'rwLock' };
const [READS, WRITES] = [false, true];

class RwLock extends SharedObject {
  #abandonedBy = null;

  constructor(options, internal) {
    super(TYPE, options, internal);
  }

  get readers() {
    return open(this, 'readers').rwHolders().length - 1;
  }

  get writer() {
    const [token] = open(this, 'writer').rwHolders();
    return token === 0 ? null : describeAgent(token);
  }

  get abandonedBy() {
    return this.#abandonedBy;
  }

  acquireRead(options) {
    return wait(this, 'acquireRead', goals.READ, options).then((outcome) => this.#ended(outcome));
  }

  acquireReadSync(timeout) {
    return this.#ended(waitSync(this, 'acquireReadSync', goals.READ, timeout));
  }

  tryAcquireRead() {
    return this.#ended(open(this, 'tryAcquireRead').rwTry(READS) || TIMED_OUT);
  }

  releaseRead() {
    open(this, 'releaseRead').rwRelease(READS);
  }

  read(fn, options) {
    return run(
      this,
      'read',
      fn,
      () => this.acquireRead(options),
      (rwLock) => rwLock.rwRelease(READS),
    );
  }

  readSync(fn, timeout) {
    return runSync(
      this,
      'readSync',
      fn,
      () => this.acquireReadSync(timeout),
      (rwLock) => rwLock.rwRelease(READS),
    );
  }

  acquireWrite(options) {
    return wait(this, 'acquireWrite', goals.WRITE, options).then((outcome) => this.#ended(outcome));
  }

  acquireWriteSync(timeout) {
    return this.#ended(waitSync(this, 'acquireWriteSync', goals.WRITE, timeout));
  }

  tryAcquireWrite() {
    return this.#ended(open(this, 'tryAcquireWrite').rwTry(WRITES) || TIMED_OUT);
  }

  releaseWrite() {
    open(this, 'releaseWrite').rwRelease(WRITES);
  }

  write(fn, options) {
    return run(
      this,
      'write',
      fn,
      () => this.acquireWrite(options),
      (rwLock) => rwLock.rwRelease(WRITES),
    );
  }

  writeSync(fn, timeout) {
    return runSync(
      this,
      'writeSync',
      fn,
      () => this.acquireWriteSync(timeout),
      (rwLock) => rwLock.rwRelease(WRITES),
    );
  }

  downgrade() {
    open(this, 'downgrade').rwDowngrade();
  }

  #ended(outcome) {
    if (outcome === TIMED_OUT) return false;
    this.#abandonedBy = deadAgent(outcome);
    return true;
  }
}

onRevive(KIND.rwLock, (index, generation, name) => new RwLock(undefined, { index, generation, name }));

module.exports = { RwLock };
