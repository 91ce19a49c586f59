'use strict';
// What is sent in the place of an error that cannot travel whole: the same class, message, stack and cause, without
// those of its properties that cannot travel. What went wrong matters more than what the error carried along.

const { types } = require('node:util');
const { pack, takeBack } = require('../travel');

/** @returns {unknown} `thrown` itself unless it is an error */
function portableError(thrown, seen = new Map()) {
  if (!types.isNativeError(thrown)) return thrown;
  if (seen.has(thrown)) return seen.get(thrown);
  const copy = Object.create(Object.getPrototypeOf(thrown));
  seen.set(thrown, copy);
  for (const key of Object.getOwnPropertyNames(thrown)) {
    try {
      const value = portable(thrown[key], seen);
      const { enumerable } = Object.getOwnPropertyDescriptor(thrown, key);
      Object.defineProperty(copy, key, { value, enumerable, writable: true, configurable: true });
    } catch {
      // This property cannot travel, or not be read.
    }
  }
  return copy;
}

function portable(value, seen) {
  if (types.isNativeError(value)) return portableError(value, seen);
  if (Array.isArray(value) && value.some(types.isNativeError)) return value.map((item) => portable(item, seen));
  pack(value, 'error');
  takeBack();
  return value;
}

module.exports = { portableError };
