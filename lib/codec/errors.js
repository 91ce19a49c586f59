'use strict';
// Errors keep class, name, message, stack, code, cause, errors and their own enumerable properties. Both sides.
//
// On the wire: a kind byte (which language class it falls back to), the class name, the name, then properties as
// (key, enumerable, value). The receiver never calls a constructor of the user: it makes an Error and gives it the
// prototype of the class registered under that name; of a class it does not know it makes the nearest class of the
// language, or Error, with the same `name`. Whatever arrives becomes own data properties, through no setter.

const { types } = require('node:util');
const errorClasses = require('../errors');
const { invalidType } = require('../arguments');
const { TAGS } = require('./tags');
const { failed, property } = require('./path');
const { defineAt } = require('./plain');

const { ERROR } = TAGS;
const { hasOwn } = Object;

// The kind byte is the index. Only ever append.
const LANGUAGE_CLASSES = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
  globalThis.SuppressedError ?? { name: 'SuppressedError', prototype: Error.prototype }, // Node.js 24
];
const DOM_EXCEPTION = 0x40;
const HIDDEN_KEYS = ['message', 'stack', 'code', 'cause', 'errors', 'error', 'suppressed'];

const registered = new Map();

/**
 * Makes errors of a class arrive as that class: call it in every process that receives them.
 * @param {Function} Class its `name` is what identifies it; it must have an Error prototype. Its constructor is not called.
 */
function registerError(Class) {
  if (typeof Class !== 'function' || !(Class.prototype instanceof Error) || Class.name === '') {
    throw invalidType('registerError()', 'Class', 'a named class that extends Error', Class);
  }
  registered.set(Class.name, Class);
}
for (const Class of Object.values(errorClasses)) {
  if (typeof Class === 'function' && Class.prototype instanceof Error) registerError(Class);
}

const isDomException = (object) => typeof DOMException === 'function' && object instanceof DOMException;
const isError = (object) => types.isNativeError(object) || object instanceof Error;

function writeError(encoder, error) {
  encoder.byte(ERROR);
  writeErrorHead(encoder, error);
  writeErrorProperties(encoder, error);
}

function writeErrorHead(encoder, error) {
  const dom = isDomException(error);
  encoder.byte(dom ? DOM_EXCEPTION : kindOf(error));
  encoder.string(dom ? '' : classNameOf(error));
  writeText(encoder, error, 'name');
  if (dom) writeText(encoder, error, 'message');
}

function writeText(encoder, error, key) {
  try {
    const text = error[key];
    encoder.string(typeof text === 'string' ? text : '');
  } catch (thrown) {
    throw failed(thrown, property(key));
  }
}

// By name and not by identity: an error of another realm is of a class with the same name.
function kindOf(error) {
  for (let proto = Object.getPrototypeOf(error); proto !== null; proto = Object.getPrototypeOf(proto)) {
    const name = ownConstructorName(proto);
    const kind = LANGUAGE_CLASSES.findIndex((Class) => Class.name === name);
    if (kind >= 0) return kind;
  }
  return 0;
}

function classNameOf(error) {
  const proto = Object.getPrototypeOf(error);
  return proto === null ? '' : ownConstructorName(proto);
}

function ownConstructorName(proto) {
  const constructor = Object.getOwnPropertyDescriptor(proto, 'constructor')?.value;
  if (typeof constructor !== 'function') return '';
  const name = Object.getOwnPropertyDescriptor(constructor, 'name')?.value;
  return typeof name === 'string' ? name : '';
}

function writeErrorProperties(encoder, error) {
  const dom = isDomException(error);
  const keys = Object.keys(error);
  // Not enumerable, or inherited from a class that the receiver may not have.
  for (const key of HIDDEN_KEYS) {
    if (dom && (key === 'message' || key === 'code')) continue; // its own constructor makes these
    if (!keys.includes(key) && (hasOwn(error, key) || isInheritedText(error, key))) keys.push(key);
  }
  encoder.varint(keys.length);
  let key;
  try {
    for (key of keys) {
      encoder.string(key);
      encoder.byte(Object.prototype.propertyIsEnumerable.call(error, key) ? 1 : 0);
      encoder.value(error[key]);
    }
  } catch (thrown) {
    throw failed(thrown, property(key));
  }
}

function isInheritedText(error, key) {
  return (
    (key === 'code' || key === 'message' || key === 'stack') &&
    key in error &&
    !(key === 'message' && Object.hasOwn(Error.prototype, key) && error[key] === '')
  );
}

const readError = (decoder) => readErrorProperties(decoder, readErrorHead(decoder));

function readErrorHead(decoder) {
  const kind = decoder.byte();
  const className = decoder.string();
  const name = decoder.string();
  const error = kind === DOM_EXCEPTION ? makeDomException(decoder.string(), name) : makeError(decoder, kind, className);
  if (name !== '' && error.name !== name) hide(error, 'name', name);
  return error;
}

function readErrorProperties(decoder, error) {
  const count = decoder.count(3);
  decoder.enter(error, 0);
  for (let i = 0; i < count; i++) {
    const key = decoder.string();
    const enumerable = decoder.byte() !== 0;
    const value = decoder.value();
    if (enumerable) defineAt(error, key, value, i);
    else hide(error, key, value);
  }
  decoder.leave();
  return error;
}

function makeError(decoder, kind, className) {
  const Fallback = LANGUAGE_CLASSES[kind];
  if (Fallback === undefined) decoder.fail('an error is of an unknown kind');
  const { prototype } = registered.get(className) ?? Fallback;
  return Object.setPrototypeOf(
    withoutStack(() => new Error()),
    prototype,
  );
}

const makeDomException = (message, name) => withoutStack(() => new DOMException(message, name));

// The stack is the sender's; walking ours for every error received would be work that a sender can order cheaply.
function withoutStack(make) {
  const limit = Error.stackTraceLimit;
  const settable = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable === true;
  if (settable) Error.stackTraceLimit = 0;
  try {
    const error = make();
    if (hasOwn(error, 'stack')) hide(error, 'stack', undefined);
    return error;
  } finally {
    if (settable) Error.stackTraceLimit = limit;
  }
}

function hide(error, key, value) {
  Object.defineProperty(error, key, { value, enumerable: false, writable: true, configurable: true });
}

module.exports = {
  registerError,
  isError,
  isDomException,
  writeError,
  writeErrorHead,
  writeErrorProperties,
  readError,
  readErrorHead,
  readErrorProperties,
};
