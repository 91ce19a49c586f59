'use strict';
// spawn(), as node:child_process has it, and options more: extras.js.
//
// What is valid is normalised here and started by us; whatever is not is handed to Node's own spawn, which throws the
// error of the version that runs. So the messages are Node's, and no list of them is kept here.

const childProcess = require('node:child_process');
const { createChild } = require('./child');
const { checkExtras, refuseExtras } = require('./extras');
const { limit } = require('./limit');
const { addWait } = require('./manual');
const { normalise } = require('./normalise');

/**
 * Starts a program. Does not wait for it; the start itself blocks for about a millisecond.
 *
 * @param {string} command a path, or a name to be looked for in the PATH of `options.env`
 * @param {readonly string[] | SpawnOptions} [args]
 * @param {SpawnOptions} [options]
 * @returns {childProcess.ChildProcess} with the events, streams and errors that Node.js gives it
 *
 * @typedef {childProcess.SpawnOptions & Partial<import('./handle').Extras>} SpawnOptions
 *
 * @throws {TypeError | RangeError} as child_process.spawn does for bad arguments
 */
function spawn(command, args, options) {
  const isShort = !Array.isArray(args) && args !== null && typeof args === 'object';
  // One copy, so that a getter is read once and Node.js and we see the same value. As in Node.js: own properties only.
  const given = copy(isShort ? args : options);
  const own = checkExtras('spawn()', given);
  const normalised = process.permission === undefined ? normalise(command, isShort ? [] : args, given) : null;
  if (normalised === null) {
    return startOfNode(own, () =>
      isShort ? childProcess.spawn(command, given) : childProcess.spawn(command, args, given),
    );
  }
  const child = createChild({ ...own, detached: normalised.detached });
  child.spawn(normalised);
  if (own.reap === 'manual') addWait(child);
  limit(child, normalised);
  return child;
}

/** Anything but an object is left as it is: Node.js tells what is wrong with it. */
function copy(options) {
  const isObject = options !== null && typeof options === 'object' && !Array.isArray(options);
  return isObject ? { __proto__: null, ...options } : options;
}

/**
 * Leaves a call to Node.js, whose spawn throws what is wrong with it. One that it takes is right by its rules: it
 * stands, as a process of Node's. So is every process under Node's permission model, which Node.js alone knows to
 * enforce and to pass on.
 */
function startOfNode(extras, start) {
  if (process.permission !== undefined) refuseExtras('spawn()', extras, 'under the permission model of Node.js');
  return start();
}

module.exports = { spawn };
