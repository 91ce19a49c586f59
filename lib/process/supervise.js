'use strict';
// supervise(): a process that is started again when it ends, later each time, and not for ever.
//
// States: running → waiting (for the next start) → running → … → stopped, or gaveUp. A run that lasted `healthyAfter`
// clears the count of failures. While the supervisor stops, and while this program exits, nothing is started.

const { EventEmitter } = require('node:events');
const { clearTimeout, setTimeout } = require('node:timers');
const { setTimeout: delay } = require('node:timers/promises');
const { checkInteger, invalidType, invalidValue, ownOptions, outOfRange } = require('../arguments');
const { asyncDispose } = require('../dispose');
const { callerFile, describeTarget, isTarget } = require('../target');
const { Process } = require('./process');
const { Sentinel } = require('./sentinel');
const { deferred } = require('./settling');

const OPTIONS = ['args', 'process', 'backoff', 'maxRestarts', 'healthyAfter', 'restart'];
const GRACE_MS = 5000;
const MS_MAX = 2 ** 31 - 1;

class Supervisor extends EventEmitter {
  #start;
  #backoff;
  #maxRestarts;
  #healthyAfter;
  #restart;
  #current = null;
  #state = 'running';
  #failures = 0;
  #restarts = 0;
  #startedAt = 0;
  #timer;
  #ended = deferred();

  constructor(call, target, options) {
    super();
    const own = ownOptions(call, options, OPTIONS);
    const { maxRestarts = Infinity, healthyAfter = 10_000, restart = 'failure' } = own;
    this.#backoff = backoffOf(call, own.backoff);
    if (maxRestarts !== Infinity) checkInteger(call, 'maxRestarts', maxRestarts, 0, MS_MAX);
    this.#maxRestarts = maxRestarts;
    this.#healthyAfter = checkInteger(call, 'healthyAfter', healthyAfter, 0, MS_MAX);
    if (restart !== 'failure' && restart !== 'always')
      throw invalidValue(call, 'restart', "'failure' or 'always'", restart);
    this.#restart = restart;
    this.#start = starterOf(call, target, own);
    this.#begin();
  }

  /** The process of this moment; null between two. */
  get current() {
    return this.#current;
  }

  get state() {
    return this.#state;
  }

  get restarts() {
    return this.#restarts;
  }

  /** Resolves when nothing will be started any more and the last process has ended. */
  get ended() {
    return this.#ended.promise;
  }

  #begin() {
    this.#state = 'running';
    this.#startedAt = performance.now();
    let child;
    try {
      child = this.#start();
    } catch (error) {
      // What cannot be started at all the first time is the caller's mistake.
      if (this.#restarts === 0) throw error;
      return this.#failed({ exitCode: null, signalCode: null, exitReason: 'start-failed', error });
    }
    this.#current = child;
    let isTold = false;
    const tell = () => {
      if (!isTold) this.#tell('start', child);
      isTold = true;
    };
    let isOver = false;
    const over = (how) => {
      if (isOver) return;
      isOver = true;
      tell();
      this.#current = null;
      this.#failed(how);
    };
    const exited = (exitCode, signalCode) => over({ exitCode, signalCode, exitReason: child.exitReason ?? null });
    process.nextTick(tell);
    child.once('exit', exited);
    // The target may have given one that has ended already.
    const hasEnded = (child.exitCode ?? child.signalCode ?? null) !== null;
    if (hasEnded) process.nextTick(exited, child.exitCode, child.signalCode);
    // One with `reap: 'manual'` tells of its end when it is reaped.
    reapWhenEnded(child);
    if (child instanceof Process) {
      // It tells of a start that failed by its result, and by no event.
      child.result.catch((error) => {
        if (child.exitReason === 'start-failed')
          over({ exitCode: null, signalCode: null, exitReason: 'start-failed', error });
      });
    } else {
      child.once('error', (error) => {
        if (child.pid === undefined) over({ exitCode: null, signalCode: null, exitReason: 'start-failed', error });
      });
    }
  }

  #failed(how) {
    this.#tell('exit', how);
    if (this.#state === 'stopping') return this.#finish('stopped');
    if (performance.now() - this.#startedAt >= this.#healthyAfter) this.#failures = 0;
    if (this.#restart === 'failure' && how.exitCode === 0) return this.#finish('stopped');
    if (this.#failures >= this.#maxRestarts) {
      this.#finish('gaveUp');
      this.#tell('gaveUp', how);
      return;
    }
    const wait = this.#backoff(this.#failures);
    this.#failures += 1;
    this.#state = 'waiting';
    this.#timer = setTimeout(() => {
      this.#restarts += 1;
      this.#begin();
    }, wait);
    // Last, since a listener may stop it.
    this.#tell('restart', { attempt: this.#failures, delay: wait, ...how });
  }

  /** A listener that throws is an uncaught error of the program; if that goes on, so does what is supervised. */
  #tell(event, what) {
    try {
      this.emit(event, what);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #finish(state) {
    this.#state = state;
    this.#ended.resolve();
  }

  /** Ends the process and starts no other. */
  async stop(options) {
    const { grace = GRACE_MS, reason } = ownOptions('supervisor.stop()', options, ['grace', 'reason']);
    if (grace !== Infinity) checkInteger('supervisor.stop()', 'grace', grace, 0, MS_MAX);
    if (this.#state === 'waiting') {
      clearTimeout(this.#timer);
      this.#finish('stopped');
    } else if (this.#state === 'running' || this.#state === 'stopping') {
      this.#state = 'stopping';
      await endOf(this.#current, grace, reason);
    }
    await this.#ended.promise;
  }

  /** Kills the process at once and starts no other. */
  kill() {
    if (this.#state === 'waiting') {
      clearTimeout(this.#timer);
      this.#finish('stopped');
    } else if (this.#state === 'running' || this.#state === 'stopping') {
      this.#state = 'stopping';
      this.#current?.kill('SIGKILL');
    }
  }

  async [asyncDispose]() {
    await this.stop();
  }
}

/** Not by its `wait()`, which would keep this program alive for a daemon. */
function reapWhenEnded(child) {
  if (!(child instanceof Process)) {
    if (typeof child.wait === 'function') child.wait().catch(() => {});
  } else if (child.state === 'started') {
    Sentinel.whenReady(child.sentinel, () => queueMicrotask(() => child.state === 'started' && child.joinSync(0)));
  }
}

async function endOf(child, grace, reason) {
  if (child === null) return;
  if (child instanceof Process) {
    if (child.state === 'started') await child.requestStop(reason, { grace });
    return;
  }
  child.kill('SIGTERM');
  if (grace === Infinity) return;
  const ended = new AbortController();
  child.once('exit', () => ended.abort());
  await delay(grace, undefined, { signal: ended.signal }).then(
    () => child.kill('SIGKILL'),
    () => {},
  );
}

/** @returns {() => import('node:child_process').ChildProcess | Process} starts a process */
function starterOf(call, target, { args, process: options }) {
  const file = callerFile();
  if (isTarget(target)) {
    const given = { ...options, args };
    // Made once and thrown away: what is wrong with it is told now, where the user stands.
    const make = () => new Process(absolute(call, target, file), given);
    make();
    return () => make().start();
  }
  if (typeof target !== 'function') {
    throw invalidType(
      call,
      'target',
      'a function of defineTasks(), { module, export }, or a function that starts a process',
      target,
    );
  }
  if (args !== undefined || options !== undefined) {
    throw invalidValue(
      call,
      args === undefined ? 'process' : 'args',
      'absent when the target itself starts the process',
      args ?? options,
    );
  }
  return () => {
    const child = target();
    if (child instanceof Process) return child.state === 'new' ? child.start() : child;
    if (typeof child?.kill === 'function' && typeof child.once === 'function') return child;
    throw invalidType(call, 'target()', 'a Process or a ChildProcess', child);
  };
}

/** A module's relative name counts from the file that called supervise(), also later, when a timer starts it. */
function absolute(call, target, file) {
  return typeof target === 'function' ? target : { ...target, module: resolved(call, target.module, file) };
}

function resolved(call, module, file) {
  return describeTarget({ module }, { call, callerFile: file }).url;
}

/** @returns {(failures: number) => number} milliseconds to the next start, after so many failures in a row */
function backoffOf(call, given) {
  const { base = 100, cap = 30_000, jitter = 0.5 } = ownOptions(call, given, ['base', 'cap', 'jitter'], 'backoff');
  checkInteger(call, 'backoff.base', base, 0, MS_MAX);
  checkInteger(call, 'backoff.cap', cap, 0, MS_MAX);
  if (typeof jitter !== 'number') throw invalidType(call, 'backoff.jitter', 'a number', jitter);
  if (!(jitter >= 0 && jitter <= 1)) throw outOfRange(call, 'backoff.jitter', 'between 0 and 1', jitter);
  return (failures) => {
    const full = Math.min(cap, base * 2 ** Math.min(failures, 52));
    // So many that fail together do not all come back together.
    return Math.round(full * (1 - jitter * Math.random()));
  };
}

function supervise(target, options) {
  return new Supervisor('supervise()', target, options);
}

module.exports = { supervise };
