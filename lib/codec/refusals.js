'use strict';
// What cannot travel, and how a message names it.
//
// Own data decides for most objects: a class instance travels as its own enumerable properties. That would turn the
// objects listed here, which keep everything inside the engine or the operating system, into `{}` without a word.

const { types } = require('node:util');
const { Failure } = require('./path');

const TAGS = new Set([
  'Promise',
  'WeakMap',
  'WeakSet',
  'WeakRef',
  'FinalizationRegistry',
  'Generator',
  'AsyncGenerator',
  'Iterator Helper',
  'DisposableStack',
  'AsyncDisposableStack',
  'KeyObject',
]);
// Classes that are globals, so that somebody else's class with such a tag is told from them.
const WEB_TAGS = new Set([
  'AbortSignal',
  'AbortController',
  'BroadcastChannel',
  'CompressionStream',
  'Crypto',
  'CryptoKey',
  'CustomEvent',
  'DecompressionStream',
  'Event',
  'MessageEvent',
  'Performance',
  'SubtleCrypto',
  'TextDecoder',
  'TextDecoderStream',
  'TextEncoder',
  'TextEncoderStream',
  'URLPattern',
  'WebSocket',
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
const HIDING = [
  Map,
  Set,
  Date,
  RegExp,
  ArrayBuffer,
  SharedArrayBuffer,
  DataView,
  Object.getPrototypeOf(Uint8Array),
  Number,
  String,
  Boolean,
  BigInt,
  Promise,
  WeakMap,
  WeakSet,
  WeakRef,
];
const FAMILIES = /^(?:Intl|WebAssembly|Temporal)\b|Iterator$/;

// What Node.js clones by itself between threads (BlockList, SocketAddress, KeyObject, Histogram …) has a method under
// this symbol, and its data where nobody else finds them.
const cloneSymbol = Object.getOwnPropertySymbols(Blob.prototype).find(
  (symbol) => symbol.description === 'messaging_clone_symbol',
);
// What is neither read nor seen in properties.
const ENGINE_CHECKS = [
  ['a Promise', types.isPromise],
  ['a WeakMap', types.isWeakMap],
  ['a WeakSet', types.isWeakSet],
  ['a generator', types.isGeneratorObject],
  ['a Map iterator', types.isMapIterator],
  ['a Set iterator', types.isSetIterator],
];

/** The reason why an object of no class that travels as such is refused, else null. */
function refusalOf(object, proto) {
  if (proto === null) return engineRefusalOf(object);
  if (object instanceof MessagePort) return cannot('a MessagePort');
  if (types.isProxy(object)) return proxyRefusalOf(object);
  const tag = object[Symbol.toStringTag];
  if (typeof tag === 'string' && (TAGS.has(tag) || FAMILIES.test(tag) || isWeb(object, tag)))
    return cannot(`${article(tag)} ${tag}`);
  if (cloneSymbol !== undefined && cloneSymbol in object) return cannot(`an object of ${nameOf(proto)}`);
  return null;
}

function isWeb(object, tag) {
  return WEB_TAGS.has(tag) && typeof globalThis[tag] === 'function' && object instanceof globalThis[tag];
}

// Without a prototype nothing that can be read tells them from plain objects.
function engineRefusalOf(object) {
  const found = ENGINE_CHECKS.find(([, check]) => check(object));
  return found === undefined ? null : cannot(found[0]);
}

// A Proxy shows its target's properties. Of a Map or a Date that is nothing of what is in it.
function proxyRefusalOf(proxy) {
  const hidden = HIDING.find((Class) => proxy instanceof Class);
  return hidden === undefined ? null : cannot(`a Proxy of ${article(hidden.name)} ${hidden.name}`);
}

function nameOf(proto) {
  for (let object = proto; object !== null; object = Object.getPrototypeOf(object)) {
    const name = Object.getOwnPropertyDescriptor(object, 'constructor')?.value?.name;
    if (typeof name === 'string' && name !== '' && name !== 'Object') return `the class ${name}`;
  }
  return 'Node.js';
}

function refusePrimitive(value) {
  if (typeof value === 'symbol') return cannot(`a symbol (${String(value)})`);
  const name = Object.getOwnPropertyDescriptor(value, 'name')?.value;
  return cannot(`a function (${typeof name === 'string' && name !== '' ? name : 'anonymous'})`);
}

const cannot = (what) => new Failure(`is ${what}, which cannot travel to another process`);
const article = (word) => (/^[AEIO]/.test(word) ? 'an' : 'a');

module.exports = { refusalOf, refusePrimitive, cannot };
