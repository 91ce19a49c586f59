'use strict';
// Run: one process from its start to its end, as its parent sees it.
//
// The child sends one message, what its function returned or threw; the end of the process settles everything else. The
// result is decided by that message, or, when none came, by the way in which the process ended. The end is known from the
// event loop or from a blocking look, whichever is first: both take the status from the same native place, once.

const { constants } = require('node:os');
const path = require('node:path');
const { clearTimeout, setTimeout } = require('node:timers');
const native = require('../binding');
const { AbortError, ProcessDiedError } = require('../errors');
const { unpack } = require('../travel');
const { withCallSite } = require('./call_site');
const { howEnded } = require('./exit_reason');
const { launch } = require('./launch');
const { Moment } = require('./settling');
const { killTree } = require('./tree');

const ENTRY = path.join(__dirname, '..', 'child', 'process_main.js');
const { SIGKILL } = constants.signals;

class Run {
  #name;
  #options;
  #site;
  #channel;
  #record;
  #handle;
  #outcome;
  #unreadable;
  #result;
  #onEnd;
  #onExit;
  #isBlocking = false;
  #isDaemon;
  #holders = 0;

  child;
  startTime = 0;
  /** Whether it leads a process group. */
  isGroup;
  /** How it was started. */
  startMethod;
  /** It has ended; with `reap: 'manual'` it may be a zombie. */
  death = new Moment();
  /** It has ended, and its status is known. */
  hasEnded = false;
  exitReason = null;

  /**
   * Starts the process.
   * @param {{ name: string, options: object, message: object, site: object, result: object, onEnd(): void, onExit(exitCode: number | null, signalCode: string | null): void }} how
   *   `onEnd` comes first, at once; `onExit` calls the user's listeners, and not for a process that never ran
   */
  constructor({ name, options, message, site, result, onEnd, onExit }) {
    [this.#name, this.#site, this.#result, this.#onEnd, this.#onExit] = [name, site, result, onEnd, onExit];
    const { child, channel, record, startMethod } = launch('process.start()', ENTRY, {
      ...options,
      firstMessage: message,
    });
    const { signal, timeout = Infinity, cpuTime, detached = false } = options;
    this.isGroup = detached;
    this.startMethod = startMethod;
    this.#options = { signal, hasCpuTime: cpuTime !== undefined, cwd: options.cwd };
    [this.child, this.#handle, this.#channel, this.#record] = [child, child._handle, channel, record];
    if (child.pid !== undefined) this.startTime = native.processStartTime(child.pid);
    this.#handle.hasEnded.then(() => this.death.come());
    channel.listen(
      (_type, content) => this.#receive(content),
      () => {},
      false,
      (error) => this.#cannotRead(error),
    );
    child.once('error', (error) => this.#failedToStart(error));
    child.once('exit', () => this.#exited());
    this.#isDaemon = message.daemon;
    if (this.#isDaemon) for (const part of [child, child.stdin, child.stdout, child.stderr]) part?.unref?.();
    this.#limit(signal, timeout);
    if (options.reap === 'manual') this.death.watch(() => this.#diedUnreaped());
  }

  get pid() {
    return this.child.pid ?? null;
  }

  #limit(signal, timeout) {
    const onAbort = () => this.killTree();
    signal?.addEventListener('abort', onAbort, { once: true });
    const onTimeout = () => {
      if (this.isDead()) return;
      this.#record.isTimedOut = true;
      this.killTree();
    };
    const timer = timeout === Infinity ? undefined : setTimeout(onTimeout, timeout).unref();
    this.death.watch(() => {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    });
  }

  /** Whether it has ended, reaped or not. Looks now. */
  isDead() {
    return this.hasEnded || this.pid === null || this.#handle.awaitEndSync(0);
  }

  /** Its end and its status. @param {number} limit milliseconds, below zero for ever @returns {Promise<boolean>} whether it has ended */
  async end(limit) {
    if (limit < 0) await this.untilDead();
    else if (!(await this.death.within(limit))) return false;
    return this.reap();
  }

  /** Keeps this program alive until it has ended, also when it is a daemon: somebody waits for it. */
  async untilDead() {
    const letGo = this.hold();
    await this.death.promise;
    letGo();
  }

  /** @returns {() => void} this program may end again, as far as this waiter goes */
  hold() {
    if (!this.#isDaemon) return () => {};
    this.#holders += 1;
    this.child.ref();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.child.unref();
    };
  }

  /** As `end`, blocking the thread. */
  endSync(limit) {
    if (this.hasEnded || this.pid === null) return true;
    return this.#handle.awaitEndSync(limit) && this.reap();
  }

  /** Takes the status if it has ended. */
  reap() {
    this.#isBlocking = true;
    try {
      return this.hasEnded || this.pid === null || this.#handle.reap();
    } finally {
      this.#isBlocking = false;
    }
  }

  /** Sends a message to the child, which may be gone. */
  tell(message) {
    try {
      this.#channel.sendValue(message, 'reason', '.stop');
    } catch (error) {
      if (error.code !== 'ERR_MULTIPROC_CHANNEL_CLOSED') throw error;
    }
  }

  /** From here on a SIGKILL is no conclusion about the system. */
  noteOwnKill() {
    if (this.#record !== undefined) this.#record.isKilledByUs = true;
  }

  kill() {
    this.noteOwnKill();
    this.#handle.kill(SIGKILL);
  }

  killTree() {
    if (this.isDead()) return;
    this.noteOwnKill();
    killTree(this.root);
  }

  get root() {
    return { pid: this.pid, startTime: this.startTime };
  }

  #receive(content) {
    try {
      this.#outcome = unpack(content);
    } catch (error) {
      this.#outcome = { error };
    }
    if (!('error' in this.#outcome)) return this.#result.resolve(this.#outcome.value);
    const what = `${this.#name} (process ${this.pid}) was started here:`;
    this.#result.reject(withCallSite(this.#outcome.error, this.#site, what));
  }

  /** It has overwritten the memory of its channel: what it sends, its result too, will not come. */
  #cannotRead(error) {
    this.#unreadable = error;
    // How it died says more.
    if (this.#outcome !== undefined || this.isDead()) return;
    this.#outcome = { error };
    this.#result.reject(withCallSite(error, this.#site));
  }

  #exited() {
    // What it had sent comes first, whatever order the events had.
    this.#channel.flush();
    const { exitCode, signalCode } = this.child;
    this.exitReason = this.#decide({ exitCode, signalCode, isOverMemory: this.#handle.isOverMemory });
    this.#settle();
    // The user's listeners do not run inside of a call that blocks.
    if (this.#isBlocking) process.nextTick(this.#onExit, exitCode, signalCode);
    else this.#onExit(exitCode, signalCode);
  }

  /** It has ended and is a zombie, until somebody reaps it: the result does not wait for that. */
  #diedUnreaped() {
    if (this.hasEnded) return;
    this.#channel.flush();
    const end = this.#handle.peek();
    if (end !== null) this.#decide(end);
  }

  /** Rejects the result if none came. @returns {string} why it has ended */
  #decide({ exitCode, signalCode, isOverMemory }) {
    const { signal, hasCpuTime } = this.#options;
    const reason = this.#record.reason({ exitCode, signalCode, isOverMemory, hasCpuTime });
    if (this.#outcome === undefined) {
      // An end with code 0 is no good end of a function that has not returned.
      const exitReason = reason === 'ok' ? 'code' : reason;
      const text = `${this.#name} (process ${this.pid}) ${howEnded(exitCode, signalCode, exitReason)} before its function returned`;
      const how = { pid: this.pid, exitCode, signalCode, exitReason, cause: this.#unreadable };
      const died = new ProcessDiedError(text, how);
      this.#result.reject(signal?.aborted ? new AbortError(signal.reason) : withCallSite(died, this.#site));
    }
    return reason;
  }

  #failedToStart(cause) {
    if (this.hasEnded) return;
    this.exitReason = 'start-failed';
    // The system says ENOENT of the program, whichever of the two is missing.
    const { cwd } = this.#options;
    const where = cwd === undefined ? '' : ` with the cwd ${cwd}`;
    const message = `${this.#name} could not be started${where}: ${cause.message}`;
    this.#result.reject(
      withCallSite(new ProcessDiedError(message, { cause, exitReason: this.exitReason }), this.#site),
    );
    this.#settle();
  }

  #settle() {
    this.hasEnded = true;
    this.#record = undefined;
    try {
      this.#channel.discardUndelivered();
      this.#channel.close();
    } finally {
      // Whatever the child has left there: its end is told.
      this.#onEnd();
      this.death.come();
    }
  }
}

module.exports = { Run };
