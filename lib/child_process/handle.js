'use strict';
// The process handle of a ChildProcess: what Node's internal `Process` is to it, over our native spawn.
//
// Node.js calls spawn, kill, ref, unref, hasRef and close, reads `pid`, and gets `onexit(exitCode, signalName)` called
// when the process has ended. Results are 0 or a negative errno, as libuv's: Node.js makes the events of them.

const { AsyncResource } = require('node:async_hooks');
const { constants } = require('node:os');
const { nativeLimits } = require('./extras');
const native = require('./native');
const { openStdio, settleStdio } = require('./stdio');

const { EINVAL, EMFILE, ENFILE, ESRCH } = constants.errno;
const { SIGKILL } = constants.signals;

/** Several names can have one number: Node.js uses the first. @type {Map<number, string>} */
const signalNames = new Map();
for (const [name, number] of Object.entries(constants.signals)) {
  if (!signalNames.has(number)) signalNames.set(number, name);
}

/**
 * @typedef {{ detached: boolean, killOnParentExit: boolean, shareDomain: boolean, closeOthers: boolean, reap?: 'auto' | 'manual', nice?: number,
 *   cpus?: number[], nofile?: number, cpuTime?: number, maxRss?: number, via?: (options: object) => [number, number] | null }} Extras
 */

class NativeProcess {
  /** What the running child is called natively; 0 before and after. */
  #id = 0;
  #isReferenced = true;
  #isUsed = false;
  #take = () => false;
  #peek = () => null;
  #tellEnd;
  #extras;
  // The events of the process belong to the asynchronous context that started it. Called as Node's handle is, for those
  // who look at handles by their type.
  #context = new AsyncResource('PROCESSWRAP');

  /** @type {number | undefined} */
  pid = undefined;
  /** @type {(exitCode: number, signalName: string) => void} */
  onexit = () => {};

  /** Resolves when the child has ended: with `reap: 'manual'` before its status is taken. Never for one that never ran. */
  hasEnded = new Promise((resolve) => {
    this.#tellEnd = resolve;
  });
  /** Whether it was killed for its memory. */
  isOverMemory = false;
  /** Whether it was sent SIGKILL from here. */
  isKilledByUs = false;

  /** @param {Extras} extras */
  constructor(extras) {
    this.#extras = extras;
  }

  /** One object up to Node.js 22, and since 24: file, args, cwd, envPairs, stdio, flags, uid, gid. */
  spawn(...args) {
    if (this.#isUsed) return -EINVAL;
    this.#isUsed = true;
    if (args.length === 1) return this.#start(args[0]);
    const [file, argv, cwd, envPairs, stdio, , uid, gid] = args;
    return this.#start({ file, args: argv, cwd, envPairs, stdio, uid, gid });
  }

  #start({ file, args, cwd, envPairs, stdio, uid, gid }) {
    const opened = openStdio(stdio);
    if (opened.error !== 0) return opened.error;
    const { killOnParentExit, reap, detached, shareDomain, closeOthers, via } = this.#extras;
    let result;
    try {
      result = native.spawnChild(
        {
          file,
          args: Array.from(args, String),
          envPairs,
          cwd: cwd || undefined,
          uid: uid ?? undefined,
          gid: gid ?? undefined,
          detached,
          stdio: opened.descriptors,
          closeOthers,
          deathSignal: killOnParentExit ? SIGKILL : 0,
          shareDomain,
          manualReap: reap === 'manual',
          ...nativeLimits(this.#extras),
        },
        (exitCode, signal, isOverMemory) => this.#ended(exitCode, signal, isOverMemory),
        () => this.#tellEnd(),
        via,
      );
    } catch (error) {
      settleStdio(opened, false);
      throw error;
    }
    const status = typeof result === 'number' ? result : 0;
    // As in libuv, the streams exist even when the program could not be executed: they end at once, and 'close' comes.
    // Without descriptors Node.js makes no streams.
    const streamError = settleStdio(opened, status !== -EMFILE && status !== -ENFILE);
    if (status !== 0) return status;
    this.#id = result.id;
    this.#take = result.take;
    this.#peek = result.peek;
    this.pid = result.pid;
    if (!this.#isReferenced) native.childRef(this.#id, false);
    return streamError;
  }

  #ended(exitCode, signal, isOverMemory) {
    this.#id = 0;
    this.isOverMemory = isOverMemory;
    this.#tellEnd();
    this.#context.runInAsyncScope(this.onexit, this, exitCode, signalName(signal));
  }

  /** Whether the child has ended; blocks the thread for that, below zero without limit. @param {number} timeout ms */
  awaitEndSync(timeout) {
    return this.#id === 0 || native.awaitChildSync(this.#id, timeout);
  }

  /** How a child has ended that is not reaped. @returns {{ exitCode: number | null, signalCode: string | null, isOverMemory: boolean } | null} */
  peek() {
    const status = this.#peek();
    if (status === null) return null;
    const [exitCode, signal, isOverMemory] = status;
    const signalCode = signalName(signal) || null;
    return { exitCode: signalCode === null ? exitCode : null, signalCode, isOverMemory };
  }

  /** Takes the status of a child that has ended, which reaps it: `onexit` is called in here. `false`: it still runs. */
  reap() {
    return this.#id === 0 || this.#take();
  }

  kill(signal) {
    if (this.#id === 0) return -ESRCH;
    if (signal === SIGKILL) this.isKilledByUs = true;
    return native.childKill(this.#id, signal);
  }

  ref() {
    this.#reference(true);
  }

  unref() {
    this.#reference(false);
  }

  hasRef() {
    return this.#id !== 0 && this.#isReferenced;
  }

  /** Node.js is done with the process. One that still runs is awaited, so that it leaves no zombie, but not waited for. */
  close(callback) {
    this.#reference(false);
    this.onexit = () => {};
    if (typeof callback === 'function') process.nextTick(() => this.#context.runInAsyncScope(callback, this));
  }

  #reference(isReferenced) {
    this.#isReferenced = isReferenced;
    if (this.#id !== 0) native.childRef(this.#id, isReferenced);
  }
}

/** Empty for one without a name, as Node.js has it. */
function signalName(number) {
  return signalNames.get(number) ?? '';
}

module.exports = { NativeProcess, signalName };
