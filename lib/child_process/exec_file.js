'use strict';
// execFile() and exec(): a program whose output is collected and handed to a callback, as node:child_process has them.
//
// They stand on spawn() of this folder. Invalid arguments go to Node's own functions, for the errors of the version that
// runs; those that spawn() checks too are left to it.

const childProcess = require('node:child_process');
const { clearTimeout, setTimeout } = require('node:timers');
const { getSystemErrorName, promisify } = require('node:util');
const { Collected } = require('./collected');
const { EXTRAS } = require('./extras');
const { isSignal, isSize, isText, isTimeout } = require('./normalise');
const { nodeError } = require('../node_errors');
const { note } = require('./reasons');
const { start } = require('./spawn');

const DEFAULTS = {
  encoding: 'utf8',
  timeout: 0,
  maxBuffer: 1024 * 1024,
  killSignal: 'SIGTERM',
  cwd: null,
  env: null,
  shell: false,
};
/** What the start gets of the options. As in Node.js: no `argv0`, `detached` or `stdio`. */
const STARTING = ['cwd', 'env', 'gid', 'shell', 'signal', 'uid', ...EXTRAS];

/**
 * @param {string} command a line for the shell
 * @param {object | Function} [options]
 * @param {(error: Error | null, stdout: string | Buffer, stderr: string | Buffer) => void} [callback]
 * @returns {childProcess.ChildProcess}
 */
function exec(command, options, callback) {
  if (typeof options === 'function') [callback, options] = [options, undefined];
  if (!isText(command)) return childProcess.exec(command, options, callback);
  const given = { __proto__: null, ...options };
  given.shell = typeof given.shell === 'string' ? given.shell : true;
  return collect('exec', command, null, given, callback) ?? childProcess.exec(command, given, callback);
}

/** The file and its arguments, without a shell unless `options.shell` is given. Otherwise as `exec`. */
function execFile(file, args, options, callback) {
  const form = formOf(args, options, callback);
  const child = form && collect('execFile', file, form.args, form.options, form.callback);
  return child ?? childProcess.execFile(file, args, options, callback);
}

/**
 * The arguments after the file, each of which may be left out.
 * @returns {{ args: unknown, options: object, callback: unknown } | null} null when an option is none
 */
function formOf(args, options, callback) {
  if (Array.isArray(args)) args = [...args];
  else if (args !== null && typeof args === 'object') [args, options, callback] = [null, args, options];
  else if (typeof args === 'function') [args, options, callback] = [null, null, args];
  if (typeof options === 'function') [callback, options] = [options, null];
  options ??= {};
  if (typeof options !== 'object' || Array.isArray(options)) return null;
  return { args, options: { __proto__: null, ...options }, callback };
}

/** @returns {childProcess.ChildProcess | null} null when Node.js is to say what is wrong */
function collect(call, file, args, given, callback) {
  const options = { __proto__: null, ...DEFAULTS, ...given };
  if (!areValid(options, callback)) return null;
  const starting = { __proto__: null };
  for (const name of STARTING) starting[name] = options[name];
  for (const name of ['windowsHide', 'windowsVerbatimArguments']) starting[name] = Boolean(options[name]);
  const words = Array.isArray(args) ? [file, ...args] : [file];
  const { encoding, maxBuffer, killSignal } = options;
  const child = start(call, file, args, starting, { words, encoding, maxBuffer, killSignal });
  new Execution(child, words, options, callback);
  return child;
}

function areValid({ argv0, timeout, maxBuffer, killSignal }, callback) {
  return (
    (callback === null || callback === undefined || typeof callback === 'function') &&
    (argv0 === null || argv0 === undefined || isText(argv0)) &&
    isTimeout(timeout) &&
    isSize(maxBuffer) &&
    (killSignal === null || killSignal === undefined || isSignal(killSignal))
  );
}

/** One program until its callback: output, time limit, and the error that is told. */
class Execution {
  #child;
  #words;
  #options;
  #callback;
  #isText;
  #stdout;
  #stderr;
  #timer;
  #error = null;
  #wasKilled = false;
  #hasEnded = false;

  constructor(child, words, options, callback) {
    this.#child = child;
    this.#words = words;
    this.#options = options;
    this.#callback = callback;
    const { encoding, timeout, maxBuffer } = options;
    this.#isText = encoding !== 'buffer' && Buffer.isEncoding(encoding);
    if (timeout > 0) this.#timer = setTimeout(() => this.#kill('timedOut'), timeout);
    if (this.#isText) for (const stream of [child.stdout, child.stderr]) stream?.setEncoding(encoding);
    const collected = (name) => new Collected(child[name], maxBuffer, () => this.#overflow(name));
    this.#stdout = collected('stdout');
    this.#stderr = collected('stderr');
    child.addListener('close', (code, signal) => this.#ended(code, signal));
    child.addListener('error', (error) => this.#failed(error));
  }

  #overflow(name) {
    this.#error = maxBufferError(name);
    this.#kill('isMaxBuffer');
  }

  #kill(reason) {
    this.#giveUpStreams();
    this.#wasKilled = true;
    try {
      // Of one that has ended already nothing is to be told.
      if (this.#child.kill(this.#options.killSignal) || reason === 'isMaxBuffer') note(this.#child, reason);
    } catch (error) {
      this.#error = error;
      this.#ended();
    }
  }

  #failed(error) {
    this.#error = error;
    this.#giveUpStreams();
    this.#ended();
  }

  #giveUpStreams() {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  #ended(code, signal) {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    const callback = this.#callback;
    if (!callback) return;
    const stdout = this.#stdout.content(this.#isText);
    const stderr = this.#stderr.content(this.#isText);
    if (this.#error === null && code === 0 && signal === null) {
      callback(null, stdout, stderr);
      return;
    }
    const cmd = this.#words.join(' ');
    this.#error ??= Object.assign(new Error(`Command failed: ${cmd}\n${stderr}`), {
      code: code < 0 ? getSystemErrorName(code) : code,
      killed: this.#child.killed || this.#wasKilled,
      signal,
    });
    this.#error.cmd = cmd;
    callback(this.#error, stdout, stderr);
  }
}

function maxBufferError(name) {
  return nodeError(RangeError, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', `${name} maxBuffer length exceeded`);
}

// What util.promisify gives: `promise.child` is there at once.
for (const [name, call] of Object.entries({ exec, execFile })) {
  const promised = (...args) => {
    let settle;
    const promise = new Promise((resolve, reject) => {
      settle = (error, stdout, stderr) => {
        if (error === null) resolve({ stdout, stderr });
        else reject(Object.assign(error, { stdout, stderr }));
      };
    });
    // Outside of the promise: bad arguments are thrown.
    return Object.assign(promise, { child: call(...args, settle) });
  };
  Object.defineProperty(promised, 'name', { value: name, configurable: true });
  Object.defineProperty(call, promisify.custom, { value: promised });
}

module.exports = { exec, execFile, formOf };
