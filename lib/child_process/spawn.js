'use strict';
// spawn(), as node:child_process has it, and two options more. Node.js itself checks and normalises the arguments, so
// its errors, warnings and defaults are those of the version that runs; only the process behind the object is ours.

const childProcess = require('node:child_process');
const { invalidType } = require('../arguments');
const { withNativeHandle } = require('./adopt');

/**
 * Starts a program. Does not wait for it; the start itself blocks for about a millisecond.
 *
 * @param {string} command a path, or a name to be looked for in the PATH of `options.env`
 * @param {readonly string[] | SpawnOptions} [args]
 * @param {SpawnOptions} [options]
 * @returns {childProcess.ChildProcess} with the events, streams and errors that Node.js gives it
 *
 * @typedef {childProcess.SpawnOptions & {
 *   killOnParentExit?: boolean,
 *   shareDomain?: boolean,
 * }} SpawnOptions
 *   `killOnParentExit`: the system kills the child (SIGKILL) when this process ends, however that ends and whatever the
 *   child does; false unless told. A set-user-id program is exempt. `shareDomain`: the child inherits this process's domain.
 *
 * @throws {TypeError | RangeError} as child_process.spawn does for bad arguments
 */
function spawn(command, args, options) {
  const isShort = !Array.isArray(args) && args !== null && typeof args === 'object';
  // One copy, so that a getter is read once and Node.js and we see the same value. As in Node.js: own properties only.
  const given = copy(isShort ? args : options);
  const extras = spawnExtras('spawn', given);
  return withNativeHandle(extras, () =>
    isShort ? childProcess.spawn(command, given) : childProcess.spawn(command, args, given),
  );
}

/** Anything but an object is left as it is: Node.js tells what is wrong with it. */
function copy(options) {
  const isObject = options !== null && typeof options === 'object' && !Array.isArray(options);
  return isObject ? { ...options } : options;
}

/**
 * What our handle must know and Node.js does not pass on in the same way in all versions.
 * @returns {import('./handle').Extras}
 */
function spawnExtras(call, options) {
  const extras = { detached: false, killOnParentExit: false, shareDomain: false };
  for (const name of ['killOnParentExit', 'shareDomain']) {
    const value = own(options, name);
    if (value === undefined) continue;
    if (typeof value !== 'boolean') throw invalidType(call, `options.${name}`, 'a boolean', value);
    extras[name] = value;
  }
  extras.detached = Boolean(own(options, 'detached'));
  return extras;
}

function own(options, name) {
  return options !== null && typeof options === 'object' && Object.hasOwn(options, name) ? options[name] : undefined;
}

module.exports = { spawn, spawnExtras };
