'use strict';
// What cannot travel, and how a message names it.
//
// Own data decides for most objects: a class instance travels as its own enumerable properties. That would turn the
// objects listed here, which keep everything inside the engine or the operating system, into `{}` without a word.

const { Failure } = require('./path');

const REFUSED_TAGS = new Set([
  'Promise',
  'WeakMap',
  'WeakSet',
  'WeakRef',
  'FinalizationRegistry',
  'Generator',
  'AsyncGenerator',
  'AbortSignal',
  'AbortController',
  'CryptoKey',
  'KeyObject',
  'Blob',
  'File',
  'FormData',
  'Headers',
  'Request',
  'Response',
  'ReadableStream',
  'WritableStream',
  'TransformStream',
]);
const REFUSED_FAMILIES = /^(?:Intl|WebAssembly|Temporal)\b|Iterator$/;

/** The reason why an instance of no known class is refused, else null. */
function refusalOf(object) {
  if (object instanceof MessagePort) return cannot('a MessagePort');
  const tag = object[Symbol.toStringTag];
  if (typeof tag !== 'string') return null;
  return REFUSED_TAGS.has(tag) || REFUSED_FAMILIES.test(tag) ? cannot(`${article(tag)} ${tag}`) : null;
}

function refusePrimitive(value) {
  if (typeof value === 'symbol') return cannot(`a symbol (${String(value)})`);
  const name = Object.getOwnPropertyDescriptor(value, 'name')?.value;
  return cannot(`a function (${typeof name === 'string' && name !== '' ? name : 'anonymous'})`);
}

const cannot = (what) => new Failure(`is ${what}, which cannot travel to another process`);
const article = (word) => (/^[AEIO]/.test(word) ? 'an' : 'a');

module.exports = { refusalOf, refusePrimitive, cannot };
