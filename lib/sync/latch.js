'use strict';
// Latch: a counter that only goes down, and lets everybody through once it is zero; src/sync/latch.rs.

const { checkInteger } = require('../arguments');
const { KIND, onRevive } = require('../travel');
const goals = require('./goals');
const { TIMED_OUT } = require('./outcome');
const { SharedObject, open, wait, waitSync } = require('./shared_object');

const TYPE = { kind: KIND.latch, name: 'Latch', noun: 'latch' };
const COUNT_MAX = 2 ** 32 - 1;

class Latch extends SharedObject {
  constructor(count, options, internal) {
    super(TYPE, options, internal, () => checkInteger('new Latch()', 'count', count, 0, COUNT_MAX));
  }

  get count() {
    return open(this, 'count').latchCount();
  }

  countDown(n = 1) {
    checkInteger('latch.countDown()', 'n', n, 1, COUNT_MAX);
    return open(this, 'countDown').latchCountDown(n);
  }

  wait(options) {
    return wait(this, 'wait', goals.LATCH, options).then((outcome) => outcome !== TIMED_OUT);
  }

  waitSync(timeout) {
    return waitSync(this, 'waitSync', goals.LATCH, timeout) !== TIMED_OUT;
  }
}

onRevive(KIND.latch, (index, generation, name) => new Latch(undefined, undefined, { index, generation, name }));

module.exports = { Latch };
