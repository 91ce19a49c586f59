'use strict';
// Process: a function that runs in a process of its own. What users call, in its four states: new → started → exited →
// closed. What happens between start and end is run.js's.

const { EventEmitter } = require('node:events');
const { constants } = require('node:os');
const { checkInteger, checkTimeout, invalidValue, ownOptions } = require('../arguments');
const native = require('../binding');
const { cannot } = require('../codec/refusals');
const { asyncDispose } = require('../dispose');
const { AbortError, MultiprocError } = require('../errors');
const { travel } = require('../travel');
const { callSite } = require('./call_site');
const { processOptions } = require('./options');
const role = require('./role');
const { Run } = require('./run');
const { Sentinel } = require('./sentinel');
const { deferred } = require('./settling');
const { REVIVED, describe, firstMessage, revive, runTarget } = require('./subclass');
const { usageOf } = require('./system');
const { terminateTree } = require('./tree');

const GRACE_MS = 5000;
const { signals } = constants;
const NUMBERS = new Set(Object.values(signals));

let count = 0;
const active = new Set();

class Process extends EventEmitter {
  #isClosed = false;
  #target;
  #options;
  #name;
  /** @type {Run | undefined} */
  #run;
  #result = deferred();
  /** What the base class has put into the object: the rest is the user's. */
  #baseKeys;

  constructor(target, options) {
    super();
    this.#baseKeys = new Set(Object.keys(this));
    if (target === REVIVED) {
      [this.#target, this.#options, this.#name] = [options.target, { args: options.args }, role.name];
      return;
    }
    const call = `new ${new.target.name || 'Process'}()`;
    this.#options = processOptions(call, options);
    count += 1;
    this.#name = this.#options.name ?? (role.isMain ? `Process-${count}` : `${role.name}:${count}`);
    const Class = this.run === Process.prototype.run ? undefined : new.target;
    this.#target = describe(call, target, Class, this.#options.scope);
    // Whoever does not ask for the result is not told of its failure twice: the child has printed it.
    this.#result.promise.catch(() => {});
  }

  // It is the child of this process.
  [travel]() {
    throw cannot('a Process');
  }

  /** In the child: the object of a subclass, which finds this here since it loads the package and the child's program does not. */
  static [Symbol.for('multiproc.process.revive')](Class, message) {
    return revive(Process, Class, message);
  }

  get name() {
    return this.#name;
  }

  get state() {
    if (this.#isClosed) return 'closed';
    if (this.#run === undefined) return 'new';
    return this.#run.hasEnded ? 'exited' : 'started';
  }

  get pid() {
    return this.#run?.pid ?? null;
  }

  get exitCode() {
    // Of one that could not be started Node.js has the errno there.
    return this.exitReason === 'start-failed' ? null : (this.#run?.child.exitCode ?? null);
  }

  get signalCode() {
    return this.#run?.child.signalCode ?? null;
  }

  get exitReason() {
    return this.#run?.exitReason ?? null;
  }

  get startMethod() {
    return this.#run?.startMethod ?? null;
  }

  get stdin() {
    return this.#run?.child.stdin ?? null;
  }

  get stdout() {
    return this.#run?.child.stdout ?? null;
  }

  get stderr() {
    return this.#run?.child.stderr ?? null;
  }

  get result() {
    return this.#result.promise;
  }

  get sentinel() {
    const run = this.#started('sentinel');
    return new Sentinel(run);
  }

  isAlive() {
    this.#refuseClosed('isAlive()');
    return this.#run !== undefined && !this.#run.isDead();
  }

  async run() {
    return runTarget(this.#target, this.#options.args);
  }

  start() {
    const call = 'process.start()';
    this.#refuseClosed('start()');
    if (this.#run !== undefined) {
      throw new MultiprocError(
        'ERR_MULTIPROC_ALREADY_STARTED',
        `${call}: ${this.#name} was started before; make a new Process`,
      );
    }
    const { args = [], signal, daemon = role.daemon, scope, ...options } = this.#options;
    if (signal?.aborted) throw new AbortError(signal.reason);
    const message = firstMessage({ name: this.#name, daemon, args }, this.#target, this, this.#baseKeys);
    this.#run = new Run({
      name: this.#name,
      options: { ...options, signal },
      message,
      site: callSite(this.start),
      result: this.#result,
      onEnd: () => active.delete(this),
      onExit: (...status) => this.emit('exit', ...status),
    });
    active.add(this);
    // The child has them: the caller may let go of target and arguments.
    this.#target = undefined;
    this.#options = { __proto__: null };
    return this;
  }

  join(options) {
    return this.#end('join()', options);
  }

  #end(what, options) {
    try {
      const run = this.#started(what);
      const { timeout } = ownOptions(`process.${what}`, options, ['timeout']);
      const limit = checkTimeout(`process.${what}`, timeout);
      return limit === 0 ? Promise.resolve(run.endSync(0)) : run.end(limit);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  joinSync(timeout) {
    const run = this.#started('joinSync()');
    return run.endSync(checkTimeout('process.joinSync()', timeout));
  }

  async wait(options) {
    const hasEnded = await this.#end('wait()', options);
    return hasEnded ? { exitCode: this.exitCode, signalCode: this.signalCode, exitReason: this.exitReason } : null;
  }

  async terminate(options) {
    const call = 'process.terminate()';
    const run = this.#started('terminate()');
    const { grace = GRACE_MS, tree = true } = ownOptions(call, options, ['grace', 'tree']);
    checkInteger(call, 'grace', grace, 0, 2 ** 31 - 1);
    if (run.isDead()) return run.death.promise;
    run.noteOwnKill();
    if (tree) return terminateTree(run.root, grace, run.death);
    for (const signal of ['SIGTERM', 'SIGCONT']) run.child.kill(signal);
    if (!(await run.death.within(grace))) run.kill();
    await run.untilDead();
  }

  async requestStop(reason, options) {
    const call = 'process.requestStop()';
    const run = this.#started('requestStop()');
    const { grace = GRACE_MS } = ownOptions(call, options, ['grace']);
    if (grace !== Infinity) checkInteger(call, 'grace', grace, 0, 2 ** 31 - 1);
    if (run.isDead()) return run.death.promise;
    run.tell({ stop: reason });
    if (grace === Infinity) return run.untilDead();
    if (!(await run.death.within(grace))) await this.terminate({ grace: Math.min(grace, GRACE_MS) });
  }

  kill() {
    return this.#signal('kill()', 'SIGKILL');
  }

  interrupt() {
    return this.#signal('interrupt()', 'SIGINT');
  }

  suspend() {
    return this.#signal('suspend()', 'SIGSTOP');
  }

  resume() {
    return this.#signal('resume()', 'SIGCONT');
  }

  signal(signal, options) {
    return this.#signal('signal()', signal, options);
  }

  #signal(what, signal, options) {
    const call = `process.${what}`;
    const run = this.#started(what);
    const { tree = false, group = false } = ownOptions(call, options, ['tree', 'group']);
    const number = typeof signal === 'number' ? signal : signals[signal];
    if (number !== 0 && !NUMBERS.has(number))
      throw invalidValue(call, 'signal', 'the name or number of a signal', signal);
    if (group && !run.isGroup) throw invalidValue(call, 'group', 'false for a process that is not detached', group);
    if (run.isDead()) return false;
    // The child ignores that of a terminal, and must know that this one is ours.
    if (number === signals.SIGINT) run.tell({ interrupt: true });
    if (number === signals.SIGKILL) run.noteOwnKill();
    if (tree) native.treeSignal(native.treeBelow(run.pid, run.startTime), number);
    // It has not been reaped, so its pid, which is its group's number, is its own.
    return group ? process.kill(-run.pid, number) : run.child.kill(number);
  }

  usage() {
    const run = this.#started('usage()');
    return run.isDead() ? null : usageOf(run.pid);
  }

  close() {
    if (this.state === 'started') {
      throw new MultiprocError(
        'ERR_MULTIPROC_STILL_RUNNING',
        `process.close(): ${this.#name} has not ended; join() or terminate() it first`,
      );
    }
    this.#isClosed = true;
    [this.#target, this.#options] = [undefined, { __proto__: null }];
  }

  async [asyncDispose]() {
    if (this.state === 'started') await this.terminate();
  }

  #refuseClosed(what) {
    if (this.#isClosed) throw new MultiprocError('ERR_MULTIPROC_CLOSED', `process.${what}: ${this.#name} was closed`);
  }

  /** @returns {Run} */
  #started(what) {
    this.#refuseClosed(what);
    if (this.#run !== undefined) return this.#run;
    throw new MultiprocError(
      'ERR_MULTIPROC_NOT_STARTED',
      `process.${what}: ${this.#name} has not been started; call start() first`,
    );
  }
}

/** @returns {Process[]} the processes that this one has started and that have not ended */
function activeChildren() {
  return [...active];
}

module.exports = { Process, activeChildren };
