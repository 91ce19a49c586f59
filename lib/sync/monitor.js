'use strict';
// Monitor: a re-entrant lock and a condition in one, for data that are looked at and changed under it alone.

const { dispose } = require('../dispose');
const { KIND, met, onRevive, travel } = require('../travel');
const { Condition } = require('./condition');

class Monitor {
  #condition;

  constructor(options, revived) {
    this.#condition = revived ?? new Condition(undefined, options, { isOfMonitor: true });
  }

  get name() {
    return this.#condition.name;
  }

  get waiting() {
    return this.#condition.waiting;
  }

  get abandonedBy() {
    return this.#condition.lock.abandonedBy;
  }

  run(fn, options) {
    return this.#condition.run(fn, options);
  }

  runSync(fn, timeout) {
    return this.#condition.runSync(fn, timeout);
  }

  wait(options) {
    return this.#condition.wait(options);
  }

  waitSync(timeout) {
    return this.#condition.waitSync(timeout);
  }

  waitFor(predicate, options) {
    return this.#condition.waitFor(predicate, options);
  }

  waitForSync(predicate, timeout) {
    return this.#condition.waitForSync(predicate, timeout);
  }

  notify(n) {
    return this.#condition.notify(n);
  }

  notifyAll() {
    return this.#condition.notifyAll();
  }

  close() {
    this.#condition.close();
    this.#condition.lock.close();
  }

  [dispose]() {
    this.close();
  }

  toJSON() {
    return met();
  }

  [travel]() {
    return { kind: KIND.monitor, index: 0, generation: 0, extra: this.#condition };
  }
}

onRevive(KIND.monitor, (_index, _generation, condition) => new Monitor(undefined, condition));

module.exports = { Monitor };
