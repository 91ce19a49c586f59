'use strict';
// parentProcess(): who started this process with multiproc, and whether it still lives.
//
// By default a process ends with its parent before it could look; one with `orphan: 'allow'` or `detached` lives on, and a
// forked program has half a second.

const { EventEmitter } = require('node:events');
const { checkTimeout, ownOptions } = require('../arguments');
const native = require('../binding');
const runtime = require('../runtime');
const role = require('./role');
const { Moment } = require('./settling');

class ParentProcess extends EventEmitter {
  #parent;
  /** Watched for, when somebody wants to know. @type {Moment | undefined} */
  #death;
  #descriptor = 0;
  #waiting = 0;

  constructor(parent) {
    super();
    this.#parent = parent;
    this.on('newListener', (event) => event === 'exit' && this.#watch());
  }

  get pid() {
    return this.#parent.pid;
  }

  get name() {
    return this.#parent.name;
  }

  isAlive() {
    return native.processIsAlive(this.#parent.pid, this.#parent.startTime);
  }

  async join(options) {
    const { timeout } = ownOptions('parentProcess().join()', options, ['timeout']);
    const limit = checkTimeout('parentProcess().join()', timeout);
    if (!this.isAlive()) return true;
    if (limit === 0) return false;
    const death = this.#watch();
    // Who joins stays alive for it; who only listens does not.
    this.#keepAlive(1);
    try {
      if (limit >= 0) return await death.within(limit);
      await death.promise;
      return true;
    } finally {
      this.#keepAlive(-1);
    }
  }

  #watch() {
    if (this.#death !== undefined) return this.#death;
    const death = new Moment();
    this.#death = death;
    death.watch(() => process.nextTick(() => this.emit('exit')));
    const { pid, startTime } = this.#parent;
    const instance = runtime.open();
    this.#descriptor = native.awaitProcess(instance, pid, startTime, false);
    if (this.#descriptor === 0) death.come();
    else
      runtime.awaitDescriptor(
        () => this.#descriptor,
        () => death.come(),
      );
    return death;
  }

  #keepAlive(change) {
    this.#waiting += change;
    if (this.#descriptor !== 0 && !this.#death.hasCome) native.setDescriptorRef(this.#descriptor, this.#waiting > 0);
  }
}

let parent;

/** @returns {ParentProcess | null} null: nobody has started this process with multiproc */
function parentProcess() {
  if (parent === undefined) parent = role.parent === null ? null : new ParentProcess(role.parent);
  return parent;
}

module.exports = { parentProcess };
