'use strict';
// What a barrier's last party does before all pass: a function that travels with the barrier, as the target of a
// Process does, and is loaded where it is first needed.

const { MultiprocError } = require('../errors');

class Action {
  #description;
  #fn;

  constructor(description, fn) {
    this.#description = description;
    this.#fn = fn;
  }

  /** Of what the user gave. Throws as `new Process()` does. */
  static from(call, action, scope) {
    const { callerFile, describeTarget } = require('../target');
    const description = describeTarget(action, { call, callerFile: callerFile(), scope });
    // The constants of a scope are there only in the function that is made of its source.
    return new Action(description, typeof action === 'function' && scope === undefined ? action : undefined);
  }

  get description() {
    return this.#description;
  }

  /** The function, if it can be had without waiting for a module. */
  loadNow() {
    this.#fn ??= require('../target/load').loadTargetSync(this.#description);
    return this.#fn;
  }

  async load() {
    this.#fn ??= await require('../target/load').loadTarget(this.#description);
    return this.#fn;
  }

  loadSync(call) {
    const fn = this.loadNow();
    if (fn !== undefined) return fn;
    throw new MultiprocError(
      'ERR_MULTIPROC_TARGET',
      `${call}: the module of the barrier's action can only be imported asynchronously; use wait()`,
    );
  }
}

module.exports = { Action };
