'use strict';
// Process: a function that runs in a process of its own.
//
// States: new → started → ended. The target and its arguments lie in shared memory before the child starts; the child
// sends one message, what the function returned or threw; the end of the process settles everything else. `result` is
// decided by that message, or, when none came, by the way in which the process ended.

const { EventEmitter } = require('node:events');
const path = require('node:path');
const { setTimeout, clearTimeout } = require('node:timers');
const { checkInteger, checkName, checkSignal, checkTimeout, invalidType, ownOptions } = require('../arguments');
const { cannot } = require('../codec/refusals');
const { asyncDispose } = require('../dispose');
const { AbortError, MultiprocError, ProcessDiedError } = require('../errors');
const { callerFile, describeTarget } = require('../target');
const { travel, unpack } = require('../travel');
const { launch } = require('./launch');
const role = require('./role');

const ENTRY = path.join(__dirname, '..', 'child', 'process_main.js');
const OPTIONS = ['args', 'name', 'daemon', 'scope', 'stdio', 'env', 'cwd', 'execArgv', 'detached', 'signal'];
const GRACE_MS = 5000;

let count = 0;
const active = new Set();

class Process extends EventEmitter {
  #target;
  #options;
  #name;
  #child;
  #channel;
  #outcome;
  #result = deferred();
  #ended = deferred();
  #hasEnded = false;

  constructor(target, options) {
    super();
    const call = 'new Process()';
    this.#options = { __proto__: null, ...ownOptions(call, options, OPTIONS) };
    const { args = [], name, signal, scope } = this.#options;
    if (!Array.isArray(args)) throw invalidType(call, 'args', 'an array of arguments', args);
    checkSignal(call, signal);
    count += 1;
    this.#name = checkName(call, name) ?? (role.isMain ? `Process-${count}` : `${role.name}:${count}`);
    this.#target = describeTarget(target, { call, callerFile: callerFile(), scope });
    // Whoever does not ask for the result is not told of its failure twice: the child has printed it.
    this.#result.promise.catch(() => {});
  }

  // It is the child of this process.
  [travel]() {
    throw cannot('a Process');
  }

  get name() {
    return this.#name;
  }

  get pid() {
    return this.#child?.pid ?? null;
  }

  get exitCode() {
    return this.#child?.exitCode ?? null;
  }

  get signalCode() {
    return this.#child?.signalCode ?? null;
  }

  get stdin() {
    return this.#child?.stdin ?? null;
  }

  get stdout() {
    return this.#child?.stdout ?? null;
  }

  get stderr() {
    return this.#child?.stderr ?? null;
  }

  get result() {
    return this.#result.promise;
  }

  isAlive() {
    return this.#child?.pid !== undefined && !this.#hasEnded;
  }

  start() {
    const call = 'process.start()';
    if (this.#child !== undefined) {
      throw new MultiprocError(
        'ERR_MULTIPROC_ALREADY_STARTED',
        `${call}: ${this.#name} was started before; make a new Process`,
      );
    }
    const { args = [], signal, daemon = false } = this.#options;
    if (signal?.aborted) throw new AbortError(signal.reason);
    const { child, channel } = launch(call, ENTRY, {
      ...this.#options,
      // The scope is in the target as well; it stands here first, so that errors name it as the user wrote it.
      firstMessage: { name: this.#name, scope: this.#target.scope, target: this.#target, args },
    });
    this.#child = child;
    this.#channel = channel;
    active.add(this);
    channel.listen(
      (_type, content) => this.#receive(content),
      () => {},
      false,
    );
    child.once('error', (error) => this.#failedToStart(error));
    child.once('exit', () => this.#exited());
    if (daemon) for (const handle of [child, child.stdin, child.stdout, child.stderr]) handle?.unref?.();
    const onAbort = () => this.kill();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#ended.promise.then(() => signal?.removeEventListener('abort', onAbort));
    return this;
  }

  join(options) {
    try {
      this.#mustBeStarted('join');
      const { timeout } = ownOptions('process.join()', options, ['timeout']);
      const limit = checkTimeout('process.join()', timeout);
      if (limit < 0 || this.#hasEnded) return this.#ended.promise.then(() => true);
      if (limit === 0) return Promise.resolve(false);
      return within(this.#ended.promise, limit);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async terminate(options) {
    this.#mustBeStarted('terminate');
    const { grace = GRACE_MS } = ownOptions('process.terminate()', options, ['grace']);
    checkInteger('process.terminate()', 'grace', grace, 0, 2 ** 31 - 1);
    if (this.#hasEnded) return;
    this.#child.kill('SIGTERM');
    if (!(await within(this.#ended.promise, grace))) this.#child.kill('SIGKILL');
    await this.#ended.promise;
  }

  kill() {
    this.#mustBeStarted('kill');
    return this.#hasEnded ? false : this.#child.kill('SIGKILL');
  }

  signal(signal) {
    this.#mustBeStarted('signal');
    return this.#hasEnded ? false : this.#child.kill(signal);
  }

  async [asyncDispose]() {
    if (this.isAlive()) await this.terminate();
  }

  #receive(content) {
    try {
      this.#outcome = unpack(content);
    } catch (error) {
      this.#outcome = { error };
    }
    this.#settleResult();
  }

  #settleResult() {
    const outcome = this.#outcome;
    if (outcome === undefined) return;
    if ('error' in outcome) this.#result.reject(outcome.error);
    else this.#result.resolve(outcome.value);
  }

  #exited() {
    // What it had sent comes first, whatever order the events had.
    this.#channel.flush();
    if (this.#outcome === undefined) {
      const { pid, exitCode, signalCode } = this;
      const how = signalCode === null ? `exited with code ${exitCode}` : `was killed by ${signalCode}`;
      const aborted = this.#options.signal?.aborted;
      const died = new ProcessDiedError(`${this.#name} (process ${pid}) ${how} before its function returned`, {
        pid,
        exitCode,
        signalCode,
        exitReason: signalCode === null ? 'code' : 'signal',
      });
      this.#result.reject(aborted ? new AbortError(this.#options.signal.reason) : died);
    }
    this.#end();
    this.emit('exit', this.exitCode, this.signalCode);
  }

  #failedToStart(cause) {
    this.#result.reject(
      new ProcessDiedError(`${this.#name} could not be started: ${cause.message}`, {
        cause,
        exitReason: 'start-failed',
      }),
    );
    this.#end();
  }

  #end() {
    this.#hasEnded = true;
    this.#channel.discardUndelivered();
    this.#channel.close();
    active.delete(this);
    this.#ended.resolve();
  }

  #mustBeStarted(method) {
    if (this.#child === undefined) {
      throw new MultiprocError(
        'ERR_MULTIPROC_NOT_STARTED',
        `process.${method}(): ${this.#name} has not been started; call start() first`,
      );
    }
  }
}

function deferred() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}

/** @returns {Promise<boolean>} whether the promise was settled in time */
function within(promise, ms) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1), false);
    promise.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}

/** @returns {Process[]} the processes that this one has started and that have not ended */
function activeChildren() {
  return [...active];
}

module.exports = { Process, activeChildren };
