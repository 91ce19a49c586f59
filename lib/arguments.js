'use strict';
// Checks of arguments, with Node's own error codes. A message says what was called, what was expected and what was found.

const { inspect } = require('node:util');

function invalidType(call, name, expected, found) {
  const error = new TypeError(`${call}: "${name}" must be ${expected}, but was ${describe(found)}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

function invalidValue(call, name, expected, found) {
  const error = new TypeError(`${call}: "${name}" must be ${expected}, but was ${describe(found)}`);
  error.code = 'ERR_INVALID_ARG_VALUE';
  return error;
}

function outOfRange(call, name, range, found) {
  const error = new RangeError(`${call}: "${name}" must be ${range}, but was ${describe(found)}`);
  error.code = 'ERR_OUT_OF_RANGE';
  return error;
}

function describe(value) {
  if (typeof value === 'string') return value.length > 60 ? `${inspect(value.slice(0, 60))}…` : inspect(value);
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (value === null || typeof value !== 'object') return `${inspect(value)} (${typeof value})`;
  return `an instance of ${value.constructor?.name ?? 'a null-prototype object'}`;
}

/** @returns {number} the value, when it is an integer within [min, max] */
function checkInteger(call, name, value, min, max) {
  if (typeof value !== 'number') throw invalidType(call, name, 'a number', value);
  if (!Number.isInteger(value)) throw outOfRange(call, name, 'an integer', value);
  if (value < min || value > max) throw outOfRange(call, name, `between ${min} and ${max}`, value);
  return value;
}

/** @returns {unknown[]} the array, every element of which is as it must be; the message names the first that is not, by its index */
function checkArray(call, name, array, expected, isOne, expectedOne) {
  if (!Array.isArray(array)) throw invalidType(call, name, expected, array);
  for (let index = 0; index < array.length; index += 1) {
    if (!isOne(array[index])) throw invalidType(call, `${name}[${index}]`, expectedOne, array[index]);
  }
  return array;
}

/** @returns {Record<string, unknown>} own properties only, so that a polluted prototype adds no option */
function ownOptions(call, options, known, name = 'options') {
  if (options === undefined) return {};
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw invalidType(call, name, 'an object', options);
  }
  const own = { __proto__: null };
  for (const key of known) if (Object.hasOwn(options, key) && options[key] !== undefined) own[key] = options[key];
  return own;
}

/** @returns {number} milliseconds; -1 for no limit. 0 and less mean: look once, do not wait. */
function checkTimeout(call, timeout, name = 'timeout') {
  if (timeout === undefined || timeout === Infinity) return -1;
  if (typeof timeout !== 'number') throw invalidType(call, name, 'a number of milliseconds', timeout);
  if (Number.isNaN(timeout)) throw outOfRange(call, name, 'a number of milliseconds', timeout);
  return Math.min(Math.max(0, timeout), Number.MAX_SAFE_INTEGER);
}

/** @returns {AbortSignal | undefined} */
function checkSignal(call, signal) {
  if (signal === undefined) return undefined;
  // By shape: `instanceof` is wrong across realms, as under Jest.
  if (
    signal === null ||
    typeof signal !== 'object' ||
    typeof signal.aborted !== 'boolean' ||
    typeof signal.addEventListener !== 'function'
  ) {
    throw invalidType(call, 'signal', 'an AbortSignal', signal);
  }
  return signal;
}

/** @returns {string | undefined} */
function checkName(call, name) {
  if (name === undefined) return undefined;
  if (typeof name !== 'string') throw invalidType(call, 'name', 'a string', name);
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > 200 || name.includes('\0')) {
    throw invalidValue(call, 'name', '1 to 200 bytes of UTF-8 without NUL', name);
  }
  return name;
}

module.exports = {
  invalidType,
  invalidValue,
  outOfRange,
  describe,
  checkArray,
  checkInteger,
  ownOptions,
  checkTimeout,
  checkSignal,
  checkName,
};
