'use strict';
// `child.result`: how a child ended and what it printed, as one promise.
//
// It begins to collect when it is first asked for; who never asks has no promise, no listener and nothing collected. It is
// settled when the child has ended and its streams have, or a short time after the end: a grandchild that keeps a stream
// open is not waited for, and no longer keeps this program alive. Nor is the program, which may never reap a child that it
// has started with `reap: 'manual'`.

const { performance } = require('node:perf_hooks');
const { setImmediate, setTimeout } = require('node:timers');
const { CommandError } = require('../errors');
const { WORDS } = require('../process/exit_reason');
const { hasEnded, reasonOf } = require('./exit_reason');
const { note, notedOf } = require('./reasons');

/** What is on its way is read for so long after the end, and no longer than MAX_DRAIN_MS while more comes. */
const DRAIN_MS = 100;
const MAX_DRAIN_MS = 2000;
/** Of each stream, unless told otherwise. */
const MAX_BUFFER = 100 * 1024 * 1024;
const SHOWN_OF_STDERR = 2000;

/**
 * @param {import('node:child_process').ChildProcess} child just started
 * @param {{ words: unknown[], encoding?: string | null, maxBuffer?: number | null, killSignal?: string | number,
 *   unreaped?: import('./handle').NativeProcess }} about `unreaped`: the handle of a child that the program reaps
 */
function giveResult(child, about) {
  const startedAt = performance.now();
  let result;
  const get = () => {
    result ??= new Promise((resolve, reject) => {
      new Outcome(child, { ...about, startedAt }, resolve, reject);
    });
    return result;
  };
  // Not enumerable: whoever looks at all properties of a child does not begin to collect.
  Object.defineProperty(child, 'result', { get, configurable: true });
}

class Outcome {
  #child;
  #about;
  #resolve;
  #reject;
  #chunks = { stdout: [], stderr: [], all: [] };
  #lengths = { stdout: 0, stderr: 0 };
  #listeners = [];
  #cause;
  #exitedAt;
  #received = 0;
  #isSettled = false;

  constructor(child, about, resolve, reject) {
    this.#child = child;
    this.#about = about;
    this.#resolve = resolve;
    this.#reject = reject;
    for (const name of ['stdout', 'stderr']) {
      if (child[name]) this.#listen(child[name], 'data', (chunk) => this.#collect(name, chunk));
    }
    this.#listen(child, 'error', (error) => {
      this.#cause ??= error;
    });
    this.#listen(child, 'close', () => this.#settle());
    this.#listen(child, 'exit', () => this.#exited());
    if (about.unreaped !== undefined) {
      for (const stream of this.#streams()) this.#listen(stream, 'close', () => this.#settleUnreaped());
      about.unreaped.hasEnded.then(() => this.#exited());
    }
    if (!hasEnded(child)) return;
    // Its 'close' may have come already, too.
    if (child._closesGot >= child._closesNeeded) setImmediate(() => this.#settle());
    else this.#exited();
  }

  #listen(emitter, event, listener) {
    emitter.on(event, listener);
    this.#listeners.push([emitter, event, listener]);
  }

  #collect(name, chunk) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, this.#child[name].readableEncoding) : chunk;
    const room = (this.#about.maxBuffer ?? MAX_BUFFER) - this.#lengths[name];
    const kept = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.#received += bytes.length;
    this.#lengths[name] += kept.length;
    for (const chunks of [this.#chunks[name], this.#chunks.all]) chunks.push(kept);
    if (kept.length < bytes.length && notedOf(this.#child).reason === undefined) {
      note(this.#child, 'isMaxBuffer');
      this.#child.kill(this.#about.killSignal ?? undefined);
    }
  }

  #exited() {
    if (this.#exitedAt !== undefined) return;
    this.#exitedAt = performance.now();
    setTimeout(() => this.#drained(), DRAIN_MS);
    if (this.#about.unreaped !== undefined) this.#settleUnreaped();
  }

  /** 'close' comes when somebody has reaped it: the result, when it has ended and its streams have. */
  #settleUnreaped() {
    if (this.#exitedAt !== undefined && this.#streams().every(({ closed }) => closed)) this.#settle();
  }

  #streams() {
    return [this.#child.stdout, this.#child.stderr].filter(Boolean);
  }

  /** Settles once a turn of the event loop, which reads what is there, has brought nothing. */
  #drained() {
    if (this.#isSettled) return;
    const before = this.#received;
    setImmediate(() => {
      const isLate = performance.now() - this.#exitedAt > MAX_DRAIN_MS;
      if (this.#received > before && !isLate) setTimeout(() => this.#drained(), 1);
      else this.#settle();
    });
  }

  #settle() {
    if (this.#isSettled) return;
    this.#isSettled = true;
    for (const [emitter, event, listener] of this.#listeners) {
      if (event !== 'error') emitter.off(event, listener);
    }
    for (const stream of this.#streams()) {
      if (stream.destroyed) continue;
      stream.resume();
      stream.unref?.();
    }
    const { words, startedAt, unreaped } = this.#about;
    const { pid } = this.#child;
    const end = (hasEnded(this.#child) ? null : unreaped?.peek()) ?? this.#child;
    const { exitCode, signalCode } = end;
    const result = {
      command: words.map(String).join(' '),
      pid,
      exitCode: pid === undefined ? null : exitCode,
      signalCode,
      stdout: this.#content('stdout', this.#child.stdout),
      stderr: this.#content('stderr', this.#child.stderr),
      all: this.#content('all', this.#child.stdout ?? this.#child.stderr),
      durationMs: performance.now() - startedAt,
    };
    const { reason, error: cause = this.#cause } = notedOf(this.#child);
    if (exitCode === 0 && reason === undefined && cause === undefined) this.#resolve(result);
    else this.#reject(failure(result, reason, reasonOf(this.#child, end), cause));
  }

  /** @returns {string | Buffer | null} null when there is no such stream */
  #content(name, stream) {
    if (!stream) return null;
    const bytes = Buffer.concat(this.#chunks[name]);
    const { encoding = 'utf8' } = this.#about;
    return Buffer.isEncoding(encoding) ? bytes.toString(encoding) : bytes;
  }
}

function failure(result, reason, exitReason, cause) {
  const { command, exitCode, signalCode, stderr } = result;
  const told = stderr?.length > 0 ? `\n${stderr.toString().slice(-SHOWN_OF_STDERR)}` : '';
  return new CommandError(
    `the command ${JSON.stringify(command)} ${ending(result, reason, exitReason, cause)}${told}`,
    {
      ...result,
      cause,
      exitCode,
      exitReason,
      timedOut: reason === 'timedOut',
      isCanceled: reason === 'isCanceled',
      isMaxBuffer: reason === 'isMaxBuffer',
      isTerminated: signalCode !== null,
      isForcefullyTerminated: signalCode === 'SIGKILL',
    },
  );
}

function ending({ exitCode, signalCode }, reason, exitReason, cause) {
  const how = signalCode === null ? `ended with exit code ${exitCode}` : `was ended by ${signalCode}`;
  switch (reason) {
    case 'notStarted':
      return `could not be started: ${cause.message}`;
    case 'timedOut':
      return `reached its timeout and ${how}`;
    case 'isCanceled':
      return `was aborted and ${how}`;
    case 'isMaxBuffer':
      return `printed more than maxBuffer and ${how}`;
    default:
      return WORDS[exitReason] ?? how;
  }
}

module.exports = { giveResult };
