'use strict';
// Loads the native addon: one clear error where it cannot be. Its exceptions come out as MultiprocErrors.

const path = require('node:path');
const { MultiprocError, BrokenBarrierError, DeadlockError, CODES } = require('./errors');
const { systemError } = require('./system_error');

const NODE_MAJOR_MIN = 20;

function load() {
  const { platform, arch, versions } = process;
  const isKnown = platform === 'linux' && (arch === 'x64' || arch === 'arm64');
  if (!isKnown || Number.parseInt(versions.node, 10) < NODE_MAJOR_MIN) throw unsupported();
  const file = path.join(__dirname, '..', `multiproc.linux-${arch}-gnu.node`);
  try {
    return require(file);
  } catch (cause) {
    // Looked at only now: the report takes milliseconds.
    if (!isGlibc()) throw unsupported(' without glibc');
    throw new MultiprocError(
      'ERR_MULTIPROC_BINDING',
      `the native addon ${file} could not be loaded (${cause.message}); ${adviceOf(cause)}`,
      { cause },
    );
  }
}

function adviceOf(cause) {
  return cause.code === 'ERR_DLOPEN_DISABLED'
    ? 'start Node.js without --no-addons, or under its permission model with --allow-addons'
    : 'reinstall the package, or run "npm run build" in a clone';
}

function unsupported(what = '') {
  const { platform, arch, versions } = process;
  return new MultiprocError(
    'ERR_MULTIPROC_PLATFORM',
    `multiproc runs on Linux x64 and arm64 with glibc and Node.js ${NODE_MAJOR_MIN} or newer; this is ${platform} ${arch}${what}, Node.js ${versions.node}`,
  );
}

function isGlibc() {
  return process.report?.getReport().header.glibcVersionRuntime !== undefined;
}

/**
 * A function of the addon, whose failures `CODE: message` are thrown as the errors of lib/errors.js. When there is no room
 * in the shared memory, garbage that was not collected yet may hold some: once it is collected, the call is made again.
 */
function translated(method) {
  return function translate(...args) {
    try {
      return method.apply(this, args);
    } catch (error) {
      const failure = asMultiprocError(error);
      if (failure.code !== 'ERR_MULTIPROC_SHM_SPACE' || !binding.collectGarbage()) throw failure;
    }
    try {
      return method.apply(this, args);
    } catch (error) {
      throw asMultiprocError(error);
    }
  };
}

/** The same, for functions that are called for every message: of some arguments, and no method. */
function translatedDirect(method) {
  return function translate(a, b, c, d, e, f, g, h) {
    try {
      return method(a, b, c, d, e, f, g, h);
    } catch (error) {
      const failure = asMultiprocError(error);
      if (failure.code !== 'ERR_MULTIPROC_SHM_SPACE' || !binding.collectGarbage()) throw failure;
    }
    try {
      return method(a, b, c, d, e, f, g, h);
    } catch (error) {
      throw asMultiprocError(error);
    }
  };
}

function asMultiprocError(error) {
  const refused = /^SYSTEM:(\d+):(\w+)$/.exec(error?.message ?? '');
  if (refused !== null) return systemError(Number(refused[1]), refused[2]);
  const match = /^(ERR_MULTIPROC_[A-Z_]+): ([\s\S]*)$/.exec(error?.message ?? '');
  if (match === null || !(match[1] in CODES)) return error;
  const [, code, message] = match;
  const translatedError = errorOf(code, message);
  Error.captureStackTrace?.(translatedError, asMultiprocError);
  return translatedError;
}

function errorOf(code, message) {
  switch (code) {
    case 'ERR_MULTIPROC_BROKEN_BARRIER':
      return new BrokenBarrierError(message);
    case 'ERR_MULTIPROC_DEADLOCK':
      return deadlockError();
    default:
      return new MultiprocError(code, message);
  }
}

/** What the wait that has just ended with a deadlock throws. */
function deadlockError() {
  const { text, cycle } = binding.takeDeadlock() ?? { text: 'the wait would never have ended', cycle: [] };
  return new DeadlockError(`deadlock: ${text}; nothing was acquired`, { cycle });
}

/** What src/binding/direct.rs adds. */
const DIRECT = ['channelSend', 'channelReceive', 'queuePut', 'queueGet', 'submitTask', 'claimTask', 'answerTask'];

const binding = load();
const native = { deadlockError };
for (const [name, value] of Object.entries(binding)) {
  if (typeof value !== 'function') continue;
  if (/^[A-Z]/.test(name)) {
    // A class: its methods and factories are wrapped in place, once for all copies of this file in the process.
    if (!Object.hasOwn(value, wrapped())) wrapClass(value);
    native[name] = value;
  } else {
    native[name] = DIRECT.includes(name) ? translatedDirect(value) : translated(value);
  }
}

function wrapClass(constructor) {
  Object.defineProperty(constructor, wrapped(), { value: true });
  for (const holder of [constructor, constructor.prototype]) {
    for (const key of Object.getOwnPropertyNames(holder)) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, key);
      if (key === 'constructor' || typeof descriptor.value !== 'function' || !descriptor.writable) continue;
      holder[key] = translated(descriptor.value);
    }
  }
}

function wrapped() {
  return Symbol.for('multiproc.wrapped');
}

module.exports = native;
