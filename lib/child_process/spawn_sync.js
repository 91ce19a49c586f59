'use strict';
// spawnSync(), execFileSync() and execSync(): they block until the program has ended, as node:child_process has them.
//
// The waiting is native (src/process/run.rs). Invalid arguments go to Node's own functions, for their errors.

const childProcess = require('node:child_process');
const { constants } = require('node:os');
const { debuglog } = require('node:util');
const { systemError } = require('./child');
const { formOf } = require('./exec_file');
const { signalName } = require('./handle');
const native = require('./native');
const { isSize, isText, normalise } = require('./normalise');
const { checkExtras, nativeLimits, refuseExtras } = require('./extras');
const { UNDER_PERMISSION } = require('./ours');
const { copy } = require('./spawn');
const { syncStdio } = require('./stdio_sync');

const debug = debuglog('child_process');
const { SIGKILL, SIGTERM } = constants.signals;
const DEFAULT_MAX_BUFFER = 1024 * 1024;
/** What the streams of a program are that was not started: since Node.js 22 not what its documentation says. */
const NO_STREAM = Number.parseInt(process.versions.node, 10) < 22 ? null : undefined;

/**
 * Runs a program and returns when it has ended and its pipes are closed.
 *
 * @param {string} command
 * @param {readonly string[] | object} [args]
 * @param {object} [options] those of child_process.spawnSync, and `killOnParentExit`
 * @returns {childProcess.SpawnSyncReturns<string | Buffer>} with `error` when it was not started, or reached a limit
 * @throws {TypeError | RangeError} as child_process.spawnSync does for bad arguments
 */
function spawnSync(command, args, options) {
  const isShort = !Array.isArray(args) && args !== null && typeof args === 'object';
  const given = copy(isShort ? args : options);
  const own = checkExtras('spawnSync()', given);
  // Nobody is there to watch the memory, or to ask for the status.
  refuseExtras('spawnSync()', { maxRss: own.maxRss, reap: own.reap }, 'in the blocking forms');
  return (
    run(command, isShort ? [] : args, given, own) ??
    (isShort ? childProcess.spawnSync(command, given) : childProcess.spawnSync(command, args, given))
  );
}

function run(command, args, given, own) {
  if (process.permission !== undefined) {
    refuseExtras('spawnSync()', own, UNDER_PERMISSION);
    return null;
  }
  const normalised = normalise(command, args, given, { maxBuffer: isSize });
  if (normalised === null) return null;
  // Own defaults stand for what is missing, not for what is undefined.
  const options = { __proto__: null, maxBuffer: DEFAULT_MAX_BUFFER, ...normalised };
  const { file, encoding, uid, gid } = options;
  const stdio = syncStdio(options.stdio || 'pipe');
  const input = bytesOf(options.input, encoding);
  if (stdio === null || input === null) return null;
  debug('spawnSync', options);
  const outcome = native.spawnChildSync(
    {
      file,
      args: Array.from(options.args, String),
      envPairs: options.envPairs,
      // An empty one is a directory that is not there, unlike in `spawn`.
      cwd: options.cwd ?? undefined,
      uid: uid ?? undefined,
      gid: gid ?? undefined,
      detached: options.detached,
      stdio,
      closeOthers: false,
      deathSignal: own.killOnParentExit ? SIGKILL : 0,
      shareDomain: false,
      manualReap: false,
      ...nativeLimits(own),
    },
    input,
    {
      timeout: options.timeout ?? 0,
      maxOutput: options.maxBuffer ?? 0,
      killSignal: numberOf(options.killSignal),
    },
  );
  return resultOf(outcome, options);
}

/** @returns {Uint8Array | undefined | null} undefined: none; null: neither text nor bytes */
function bytesOf(input, encoding) {
  if (!input) return undefined;
  if (typeof input === 'string') return Buffer.from(input, encoding);
  if (!ArrayBuffer.isView(input)) return null;
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  return input.buffer instanceof ArrayBuffer ? bytes : Buffer.from(bytes);
}

function numberOf(signal) {
  if (typeof signal === 'number') return signal;
  return typeof signal === 'string' ? constants.signals[signal.toUpperCase()] : SIGTERM;
}

/** The properties in Node's order. */
function resultOf({ pid, status, signal, error, output }, { file, args, encoding }) {
  const result = error === 0 ? {} : { error: null };
  result.status = status < 0 || signal > 0 ? null : status;
  result.signal = signal > 0 ? signalName(signal) : null;
  result.output = status < 0 ? null : output;
  result.pid = pid;
  if (result.output !== null && encoding && encoding !== 'buffer') {
    result.output = output.map((bytes) => (bytes === null ? null : bytes.toString(encoding)));
  }
  result.stdout = result.output === null ? NO_STREAM : result.output[1];
  result.stderr = result.output === null ? NO_STREAM : result.output[2];
  if (error !== 0) {
    result.error = systemError(error, `spawnSync ${file}`);
    result.error.path = file;
    result.error.spawnargs = args.slice(1);
  }
  return result;
}

/** @returns {string | Buffer | null} the standard output. @throws {Error} with the result's properties, when it failed */
function execFileSync(file, args, options) {
  const form = typeof options === 'function' ? null : formOf(args, options);
  const { argv0 } = form?.options ?? {};
  const { callback } = form ?? {};
  // There is no callback, but Node.js looks at its place.
  const isValid =
    form !== null &&
    (callback === null || callback === undefined || typeof callback === 'function') &&
    (argv0 === null || argv0 === undefined || isText(argv0));
  if (!isValid) return childProcess.execFileSync(file, args, options);
  const { stdio } = form.options;
  const result = spawnSync(file, form.args, form.options);
  return outputOf(result, stdio, () => [argv0 || file, ...(form.args ?? [])].join(' '));
}

/** As `execFileSync`, a line for the shell. */
function execSync(command, options) {
  if (!isText(command)) return childProcess.execSync(command, options);
  // Only a function is a callback's place, which is none here; whatever else is no object has no options.
  const given = { __proto__: null, ...(typeof options === 'function' ? undefined : options) };
  given.shell = typeof given.shell === 'string' ? given.shell : true;
  return outputOf(spawnSync(command, given), given.stdio, () => command);
}

function outputOf(result, stdio, describe) {
  // Unless told what to do with them, errors of the program are shown.
  if (!stdio && result.stderr) process.stderr.write(result.stderr);
  if (result.error) throw Object.assign(result.error, result);
  if (result.status !== 0) {
    const { stderr } = result;
    const told = stderr && stderr.length > 0 ? `\n${stderr.toString()}` : '';
    throw Object.assign(new Error(`Command failed: ${describe()}${told}`), result);
  }
  return result.stdout;
}

module.exports = { execFileSync, execSync, spawnSync };
