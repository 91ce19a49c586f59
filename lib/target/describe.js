'use strict';
// describeTarget(): from what the user passes to a description, or an error in the user's own stack.

const { fileURLToPath } = require('node:url');
const fs = require('node:fs');
const { invalidType, invalidValue, ownOptions } = require('../arguments');
const { describeSource } = require('./describe_source');
const { describeModule } = require('./describe_module');
const { targetError } = require('./function_source');
const { originOf } = require('./origin');
const { findTask } = require('./tasks');

/**
 * Describes a target so that another process can find or rebuild it.
 * @param {Function | { module: string | URL, export?: string }} target a function made by defineTasks(), a function that
 *   stands alone, or the export of a module (`export` is 'default' unless given)
 * @param {{ call?: string, callerFile?: string | URL, scope?: Record<string, unknown> }} [options] call: how errors name
 *   the call; callerFile: what relative names start from, otherwise the first file outside of this package on the stack;
 *   scope: constants for a function that stands alone, carried in `description.scope` for the caller to encode
 * @returns {{ form: 'task' | 'module' | 'source', key: string }} frozen, and plain data but for the values of `scope`
 * @throws ERR_MULTIPROC_CLOSURE (`error.names`: [{ name, line }]), ERR_MULTIPROC_TARGET, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
function describeTarget(target, options) {
  const { call = 'describeTarget', ...rest } = ownOptions('describeTarget', options, ['call', 'callerFile', 'scope']);
  if (typeof target === 'function') {
    const task = findTask(target);
    if (task !== undefined) return describeTask(refuseScope(call, rest, 'a function of defineTasks()'), target, task);
    const origin = rest.scope === undefined ? originOf(target) : undefined;
    return origin ?? describeSource(call, target, rest);
  }
  if (target !== null && typeof target === 'object' && Object.hasOwn(target, 'module')) {
    return describeModule(refuseScope(call, rest, '{ module, export }'), target, rest);
  }
  throw invalidType(call, 'target', 'a function or { module, export }', target);
}

function refuseScope(call, { scope }, form) {
  if (scope !== undefined) throw invalidValue(call, 'scope', `absent with ${form}, which has its own module`, scope);
  return call;
}

const described = new WeakMap();

function describeTask(call, target, { file, name, current }) {
  if (!current) {
    throw targetError(
      call,
      `the task "${name}" of ${file} was defined again with another function; give every task of a file its own name`,
    );
  }
  const known = described.get(target);
  if (known?.file === file && known.name === name) return known;
  if (!exists(file)) {
    throw targetError(
      call,
      `the task "${name}" was defined for ${file}, which does not exist; pass import.meta.url or __filename of the defining file to defineTasks()`,
    );
  }
  const description = Object.freeze({ form: 'task', key: `task:${file}#${name}`, file, name });
  described.set(target, description);
  return description;
}

function exists(url) {
  try {
    return fs.existsSync(fileURLToPath(url));
  } catch {
    return false;
  }
}

module.exports = { describeTarget };
