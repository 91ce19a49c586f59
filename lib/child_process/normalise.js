'use strict';
// The arguments of spawn() in the one form that ChildProcess.prototype.spawn takes.
//
// Follows the documentation of child_process.spawn. Says only *whether* the arguments are valid: for those that are not,
// the caller asks Node.js for the error. `stdio` and `serialization` are checked by ChildProcess.prototype.spawn itself.

const { constants } = require('node:os');
const { fileURLToPath } = require('node:url');

const NODE_MAJOR = Number.parseInt(process.versions.node, 10);
const SHELL = '/bin/sh';

const signalNumbers = new Set(Object.values(constants.signals));

/**
 * @param {unknown} command
 * @param {unknown} args
 * @param {unknown} options a copy with own properties only
 * @param {Record<string, (value: unknown) => boolean>} checks of the options that only some of the functions look at
 * @returns {object | null} null when anything is not as it should be
 */
function normalise(command, args, options = { __proto__: null }, checks = { signal: isAbortSignal }) {
  if (!isText(command) || command === '') return null;
  if (args !== null && args !== undefined && !Array.isArray(args)) return null;
  if (options === null || typeof options !== 'object' || Array.isArray(options)) return null;
  const given = Array.from(args ?? []);
  if (given.some((argument) => typeof argument === 'string' && !isText(argument))) return null;
  for (const [name, isValid] of [...Object.entries(CHECKS), ...Object.entries(checks)]) {
    if (!isValid(options[name])) return null;
  }
  const cwd = directory(options.cwd);
  const envPairs = environment(options.env);
  if (cwd === null || envPairs === null) return null;

  const [file, rest] = options.shell ? shellCommand(options.shell, command, given) : [command, given];
  return {
    __proto__: null,
    ...options,
    file,
    args: [options.argv0 ?? file, ...rest],
    cwd,
    envPairs,
    detached: Boolean(options.detached),
    windowsHide: Boolean(options.windowsHide),
    windowsVerbatimArguments: Boolean(options.windowsVerbatimArguments),
  };
}

const absentOr = (isValid) => (value) => value === null || value === undefined || isValid(value);
const isText = (value) => typeof value === 'string' && !value.includes('\0');
const isBoolean = (value) => typeof value === 'boolean';
const isInt32 = (value) => typeof value === 'number' && value === (value | 0);

const CHECKS = {
  detached: absentOr(isBoolean),
  uid: absentOr(isInt32),
  gid: absentOr(isInt32),
  shell: absentOr((value) => isBoolean(value) || isText(value)),
  argv0: absentOr(isText),
  windowsHide: absentOr(isBoolean),
  windowsVerbatimArguments: absentOr(isBoolean),
  timeout: absentOr((value) => Number.isInteger(value) && value >= 0),
  killSignal: absentOr(isSignal),
};

function isAbortSignal(value) {
  return value === undefined || (value !== null && typeof value === 'object' && 'aborted' in value);
}

function isSignal(value) {
  if (typeof value === 'number') return signalNumbers.has(value);
  return typeof value === 'string' && Object.hasOwn(constants.signals, value.toUpperCase());
}

/** @returns {string | null | undefined} a path, undefined for the parent's directory, null for what is none */
function directory(cwd) {
  if (cwd === null || cwd === undefined) return undefined;
  if (typeof cwd === 'string') return isText(cwd) ? cwd : null;
  try {
    const path = fileURLToPath(cwd);
    return isText(path) ? path : null;
  } catch {
    return null;
  }
}

/** What a child gets unless told: in Node.js 26 without what a polluted prototype adds, which was there before. */
function ownEnvironment() {
  return NODE_MAJOR < 26 ? process.env : { __proto__: null, ...process.env };
}

/** Inherited properties count, as in Node.js; undefined ones do not. @returns {string[] | null} */
function environment(given) {
  const env = given || ownEnvironment();
  const pairs = [];
  for (const name in env) {
    const value = env[name];
    if (value === undefined) continue;
    if (!isText(name) || (typeof value === 'string' && !isText(value))) return null;
    pairs.push(`${name}=${value}`);
  }
  // Coverage is measured in all processes of a program, whatever environment they are given.
  const coverage = process.env.NODE_V8_COVERAGE;
  if (coverage && given && !Object.hasOwn(given, 'NODE_V8_COVERAGE')) pairs.push(`NODE_V8_COVERAGE=${coverage}`);
  return pairs;
}

let hasWarned = false;

/** @returns {[string, string[]]} the shell and its arguments */
function shellCommand(shell, command, args) {
  if (args.length > 0 && NODE_MAJOR >= 24 && !hasWarned) {
    hasWarned = true;
    process.emitWarning(
      'Passing args to a child process with shell option true can lead to security vulnerabilities, ' +
        'as the arguments are not escaped, only concatenated.',
      'DeprecationWarning',
      'DEP0190',
    );
  }
  return [typeof shell === 'string' ? shell : SHELL, ['-c', [command, ...args].join(' ')]];
}

/** A size in bytes; Infinity is one. */
const isSize = absentOr((value) => typeof value === 'number' && value >= 0);
const isTimeout = CHECKS.timeout;

module.exports = { isSignal, isSize, isText, isTimeout, normalise, ownEnvironment };
