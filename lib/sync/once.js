'use strict';
// Once: of all that come, one runs something, and the others wait until it is done; src/sync/once.rs.

const native = require('../binding');
const { checkTimeout, invalidType } = require('../arguments');
const { AbortError } = require('../errors');
const { KIND, onRevive } = require('../travel');
const goals = require('./goals');
const { ALREADY, TIMED_OUT, deadAgent, selfDeadlock } = require('./outcome');
const { SharedObject, open, pin, unpin, waitFor, waitOptions } = require('./shared_object');

const TYPE = { kind: KIND.once, name: 'Once', noun: 'once' };

class Once extends SharedObject {
  #abandonedBy = null;

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
    const once = pin(this, 'run');
    try {
      if (!this.#begins('once.run()', await waitFor(once, goals.ONCE, limit, signal))) return false;
      let succeeded = false;
      try {
        await fn();
        succeeded = true;
      } finally {
        once.onceFinish(succeeded);
      }
      return true;
    } finally {
      unpin(this);
    }
  }

  runSync(fn, timeout) {
    const call = 'once.runSync()';
    if (typeof fn !== 'function') throw invalidType(call, 'fn', 'a function', fn);
    const limit = checkTimeout(call, timeout);
    const once = pin(this, 'runSync');
    try {
      if (limit < 0 && once.onceRunner() === native.ownToken()) {
        throw selfDeadlock(
          `${call}: this thread is running it already, and cannot finish while it is blocked; use await run(), or a timeout`,
          native.ownToken(),
          'the once',
        );
      }
      if (!this.#begins(call, once.waitSync(goals.ONCE, 0, 0, limit))) return false;
      let succeeded = false;
      try {
        fn();
        succeeded = true;
      } finally {
        once.onceFinish(succeeded);
      }
      return true;
    } finally {
      unpin(this);
    }
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
    return true;
  }
}

onRevive(KIND.once, (index, generation, name) => new Once(undefined, { index, generation, name }));

module.exports = { Once };
