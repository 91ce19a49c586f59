'use strict';
// The fork server of this thread: started when it is wanted, used when it is ready, replaced when it has died.
//
// | state | until |
// |---|---|
// | off | somebody wants it: begin(), or a start with the method 'forkserver' |
// | starting | it says that it can be forked, or why not, or ends |
// | testing | a first child has done what children do: a worker thread, a file, an exit code |
// | ready | it ends (then: off), or a fork finds it gone (off) |
// | refused | other modules are to be preloaded: it will not be tried again with these |
//
// No start ever waits for it. What is started while it is not ready, or what it cannot start, is started the ordinary way,
// and nothing has run of it before. The server is started with this process's flags and environment; a child that is to
// have other ones of those that Node.js reads at its start is none of its.

const { constants } = require('node:os');
const path = require('node:path');
const { clearTimeout, setTimeout } = require('node:timers');
const { getSystemErrorName } = require('node:util');
const { isMainThread } = require('node:worker_threads');
const native = require('../binding');
const runtime = require('../runtime');
const { forForkServer } = require('../child/fork_server/orders');
const { refuseUnderPermission } = require('../child_process/ours');
const { spawn } = require('../child_process/spawn');
const { VIA } = require('../child_process/extras');
const { MultiprocError } = require('../errors');
const { inheritableEnvironment, inheritableExecArgv } = require('./exec_argv');
const { Moment } = require('./settling');

const SERVER = path.join(__dirname, '..', 'child', 'fork_server', 'main.js');
const SELF_TEST = path.join(__dirname, '..', 'child', 'fork_server', 'self_test.js');
/** What children load is likely to import it; it is the first ES module, too. */
const PACKAGE = path.join(__dirname, '..', '..', 'index.mjs');
const SELF_TEST_CODE = 42;
/** A child is about to begin its work then, and would have to share the processors before. */
const PREPARE_AFTER_MS = 2;
const SELF_TEST_MS = 10_000;
/** Servers that end this often in a row before they are ready will not get better, unless somebody has ended them. */
const FAILURES_MAX = 3;
const FROM_OUTSIDE = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);
/** The descriptors of a server, by their number in it. */
const [CONTROL, LIBRARY, REPORT] = [3, 4, 5];
/** Variables that Node.js, its libraries or the loader read when a process begins. */
const READ_AT_START = /^(NODE_|UV_|LD_|GLIBC_|MALLOC_|OPENSSL_|SSL_CERT_|ICU_|MULTIPROC_(DEADLOCK|LOCKDEP|SPIN_US)$)/;

/** What ForkServerLink.fork() says instead of `[id, pid]`. */
const UNABLE = 0;

class ForkServer {
  #preload = [];
  #state = 'off';
  #reason = null;
  #child;
  #link;
  #timer;
  #flags;
  #variables;
  #failures = 0;
  /** Comes when it is ready, or will not be. */
  #settled = new Moment();

  get state() {
    return this.#state;
  }

  get pid() {
    return this.#child?.pid ?? null;
  }

  get reason() {
    return this.#reason;
  }

  get preload() {
    return [...this.#preload];
  }

  /** @param {string[]} modules to load before the first fork. Another list ends the server that there is. */
  setPreload(modules) {
    if (this.#preload.length === modules.length && this.#preload.every((name, index) => name === modules[index]))
      return;
    this.stop();
    this.#preload = modules;
  }

  /** Starts it unless it runs, or was refused. */
  begin() {
    if (this.#state !== 'off') return;
    try {
      this.#start();
    } catch (error) {
      this.#refuse(error.message);
    }
  }

  /** @returns {Promise<boolean>} whether it is ready; keeps the process alive until that is known */
  async ready() {
    this.begin();
    while (this.#state === 'starting' || this.#state === 'testing') {
      const child = this.#child;
      child.ref();
      child.stdio?.[REPORT]?.ref();
      await this.#settled.promise;
      child.unref();
    }
    return this.#state === 'ready';
  }

  /** Ends it. What it has started goes on. */
  stop() {
    this.#forget();
    this.#state = 'off';
    this.#reason = null;
    this.#failures = 0;
    this.#settled.come();
  }

  /**
   * A way to start a process with it, for spawn(): what spawnChild() in binding/child.rs would return, or null when it is to
   * be started the ordinary way.
   * @param {{ order: object, flags: string[], env: Record<string, string | undefined>, numbered?: string[], onForked(): void }} what
   *   `order`: the program, as child/fork_server/programs.js takes it; `numbered`: variables for the numbers of the descriptors
   *   after the standard streams
   * @returns {undefined | ((options: object) => [number, number] | null)}
   */
  way({ order, flags, env, numbered = [], onForked }) {
    this.begin();
    if (this.#state !== 'ready' || !this.#fits(flags, env)) return undefined;
    return (options) => {
      const forked = this.#fork(options, order, numbered);
      if (forked !== null) onForked();
      return forked;
    };
  }

  #fits(flags, env) {
    return (
      flags.length === this.#flags.length &&
      flags.every((flag, index) => flag === this.#flags[index]) &&
      readAtStart(env) === this.#variables
    );
  }

  #fork(options, order, numbered = []) {
    const message = Buffer.from(JSON.stringify(order));
    const [id, pid] = this.#link.fork(runtime.open(), options, message, numbered);
    if (id > 0) {
      this.#prepareLater();
      return [id, pid];
    }
    // The next start begins another one.
    if (id !== UNABLE) this.#ended(this.#child);
    return null;
  }

  /** The next newborn, when what was just started has had the processors for a while. */
  #prepareLater() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#link?.prepare();
    }, PREPARE_AFTER_MS).unref();
  }

  #start() {
    refuseUnderPermission('it');
    const library = native.forkServerLibrary();
    if (library < 0) throw new MultiprocError('ERR_MULTIPROC_START_METHOD', withoutLibrary(-library));
    const pair = native.socketPair();
    const [ours, theirs] = pair;
    if (pair.length === 1) {
      native.closeFd(library);
      throw new MultiprocError('ERR_MULTIPROC_START_METHOD', 'no descriptor is left for it');
    }
    const env = inheritableEnvironment();
    this.#flags = inheritableExecArgv();
    this.#variables = readAtStart(env);
    const libraryPath = env.LD_PRELOAD;
    const orders = {
      control: CONTROL,
      report: REPORT,
      library: LIBRARY,
      preload: [PACKAGE, ...this.#preload],
      libraryPath,
    };
    let child;
    try {
      child = spawn(process.execPath, [...this.#flags, SERVER], {
        stdio: ['ignore', 'inherit', 'inherit', theirs, library, 'pipe'],
        env: {
          ...env,
          LD_PRELOAD: [`/proc/self/fd/${LIBRARY}`, ...(libraryPath ? [libraryPath] : [])].join(':'),
          ...forForkServer(orders),
        },
        killOnParentExit: true,
        closeOthers: true,
      });
    } catch (error) {
      native.closeFd(ours);
      throw error;
    } finally {
      native.closeFd(theirs);
      native.closeFd(library);
    }
    this.#child = child;
    this.#state = 'starting';
    this.#settled = new Moment();
    this.#await(child);
    // From now on it ends with this thread, and what it has inherited is compared with what this process has.
    if (child.pid === undefined) native.closeFd(ours);
    else this.#link = native.ForkServerLink.open(ours, child.pid, !isMainThread);
  }

  #await(child) {
    let text = '';
    child.unref();
    const report = child.stdio?.[REPORT];
    report?.unref();
    report?.setEncoding('utf8').on('data', (part) => {
      text += part;
      if (!text.endsWith('\n') || this.#child !== child) return;
      const { isReady, reason } = JSON.parse(text);
      if (!isReady) return this.#refuse(reason);
      this.#test(child);
    });
    report?.on('error', () => {});
    child.once('error', () => this.#ended(child));
    child.once('exit', () => this.#ended(child));
  }

  /** Whether children of this server can do what they must, on this system: once for each server. */
  #test(server) {
    if (this.#link.isOutdated()) return this.#renew('this process changes what its children inherit');
    this.#state = 'testing';
    const env = inheritableEnvironment();
    let child;
    try {
      child = spawn(process.execPath, [SELF_TEST], {
        stdio: ['ignore', 'ignore', 'ignore'],
        env,
        killOnParentExit: true,
        timeout: SELF_TEST_MS,
        killSignal: 'SIGKILL',
        [VIA]: (options) => {
          const forked = this.#fork(options, { entry: SELF_TEST });
          // An ordinary process would pass.
          if (forked === null) throw new Error('a first child of it could not be started');
          return forked;
        },
      });
    } catch (error) {
      // If the server has died, that is known already.
      if (this.#child === server) this.#renew(error.message);
      return;
    }
    child.unref();
    child.on('error', () => {});
    child.once('exit', (code, signal) => {
      if (this.#child !== server) return;
      if (code !== SELF_TEST_CODE)
        return this.#failedTest(child, `a first child of it ended with ${signal ?? `code ${code}`}`);
      this.#state = 'ready';
      this.#failures = 0;
      this.#link.prepare();
      this.#settled.come();
    });
  }

  #ended(child) {
    if (this.#child !== child) return;
    const wasReady = this.#state === 'ready';
    this.#forget();
    if (wasReady) {
      this.#state = 'off';
      return;
    }
    if (!FROM_OUTSIDE.has(child.signalCode)) this.#failures += 1;
    if (this.#failures >= FAILURES_MAX) return this.#refuse('it ended before it was ready');
    this.#state = 'off';
    this.#settled.come();
  }

  /** Somebody else may have ended it, as the system does when memory is short: that says nothing of the next one. */
  #failedTest({ signalCode, exitReason }, reason) {
    if (!FROM_OUTSIDE.has(signalCode) || exitReason === 'timeout') return this.#refuse(reason);
    this.#failures += 1;
    if (this.#failures >= FAILURES_MAX) return this.#refuse(reason);
    this.#forget();
    this.#state = 'off';
    this.#settled.come();
  }

  /** This one is of no use, and the reason may have passed. Who waits for it waits for the next one. */
  #renew(reason) {
    this.#failures += 1;
    if (this.#failures >= FAILURES_MAX) return this.#refuse(reason);
    const settled = this.#settled;
    this.#forget();
    this.#state = 'off';
    this.begin();
    settled.come();
  }

  /** It is of no use: all is started the ordinary way. Everything works all the same, and is slower only. */
  #refuse(reason) {
    this.#forget();
    this.#state = 'refused';
    this.#reason = reason;
    this.#settled.come();
    process.emitWarning(`processes are started without the fork server: ${reason}`, {
      type: 'MultiprocWarning',
      code: 'ERR_MULTIPROC_START_METHOD',
    });
  }

  #forget() {
    const child = this.#child;
    this.#child = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#link?.close();
    this.#link = undefined;
    child?.stdio?.[REPORT]?.destroy();
    child?.kill('SIGKILL');
  }
}

function readAtStart(env) {
  const names = Object.keys(env).filter((name) => READ_AT_START.test(name) && env[name] !== undefined);
  return JSON.stringify(names.sort().map((name) => [name, String(env[name])]));
}

/** @param {number} errno why there is no library that it could be started with */
function withoutLibrary(errno) {
  if (errno === constants.errno.ENOSYS) return 'it is known to work on x86-64 alone';
  return `what it is started with could not be written to memory: ${getSystemErrorName(-errno)} (see ulimit -f and ulimit -n)`;
}

module.exports = { forkServer: new ForkServer() };
