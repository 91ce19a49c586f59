'use strict';
// Once: of all that come, one runs something, and the others wait until it is done; src/sync/once.rs.

const native = require('../binding');
const { checkTimeout, invalidType } = require('../arguments');
const { AbortError, MultiprocError } = require('../errors');
const { KIND, onRevive } = require('../travel');
const goals = require('./goals');
const { ALREADY, TIMED_OUT, deadAgent } = require('./outcome');
const { SharedObject, open, waitFor, waitOptions } = require('./shared_object');

const TYPE = { kind: KIND.once, name: 'Once', noun: 'once' };

class Once extends SharedObject {
  #abandonedBy = null;
  #isRunning = false;

  constructor(options, internal) {
    super(TYPE, options, internal);
  }

  get done() {
    return open(this, 'done').onceIsDone();
  }

  get abandonedBy() {
    return this.#abandonedBy;
  }

  async run(fn, options) {
    if (typeof fn !== 'function') throw invalidType('once.run()', 'fn', 'a function', fn);
    const { limit, signal } = waitOptions('once.run()', options);
    if (!this.#begins('once.run()', await waitFor(open(this, 'run'), goals.ONCE, limit, signal))) return false;
    try {
      await fn();
    } catch (error) {
      this.#finish(false);
      throw error;
    }
    this.#finish(true);
    return true;
  }

  runSync(fn, timeout) {
    if (typeof fn !== 'function') throw invalidType('once.runSync()', 'fn', 'a function', fn);
    const limit = checkTimeout('once.runSync()', timeout);
    const once = open(this, 'runSync');
    if (limit < 0 && once.onceRunner() === native.ownToken()) {
      throw new MultiprocError(
        'ERR_MULTIPROC_DEADLOCK',
        'once.runSync(): this thread is running it already, and cannot finish while it is blocked; use await run(), or a timeout',
      );
    }
    if (!this.#begins('once.runSync()', once.waitSync(goals.ONCE, 0, 0, limit))) return false;
    try {
      fn();
    } catch (error) {
      this.#finish(false);
      throw error;
    }
    this.#finish(true);
    return true;
  }

  close() {
    // The others wait for a run that this object can no longer finish.
    if (this.#isRunning) this.#finish(false);
    super.close();
  }

  #begins(call, outcome) {
    if (outcome === ALREADY) return false;
    if (outcome === TIMED_OUT) {
      // `false` is taken: it means that it is done. So this is what a signal of AbortSignal.timeout() would give.
      throw new AbortError(
        new DOMException(`${call}: somebody else was running it when the time was over`, 'TimeoutError'),
      );
    }
    this.#abandonedBy = deadAgent(outcome);
    this.#isRunning = true;
    return true;
  }

  #finish(succeeded) {
    const once = open(this, 'run');
    this.#isRunning = false;
    once.onceFinish(succeeded);
  }
}

onRevive(KIND.once, (index, generation, name) => new Once(undefined, { index, generation, name }));

module.exports = { Once };
