'use strict';
// Names that mean the same in every fresh process: the language's and Node's own.
//
// Taken from globalThis of the running version, less what the program put there: an assignment makes an enumerable data
// property, and Node itself has few of those. The exceptions are listed (a test compares the list with a bare node).
// `node -e` and the REPL also define the builtin modules as globals (`fs`, `path`), which no other process has.

const { builtinModules } = require('node:module');

const ENUMERABLE = new Set([
  'global',
  'clearImmediate',
  'setImmediate',
  'clearInterval',
  'clearTimeout',
  'setInterval',
  'setTimeout',
  'queueMicrotask',
  'structuredClone',
  'atob',
  'btoa',
  'performance',
  'fetch',
  'gc',
  // Test runners with a global object of their own (Jest) copy these by assignment.
  'process',
  'Buffer',
  'console',
  'crypto',
  'navigator',
  'ArrayBuffer',
  'SharedArrayBuffer',
  'Uint8Array',
  'URL',
  'URLSearchParams',
  'AbortController',
  'AbortSignal',
  'Event',
  'EventTarget',
  'TextEncoder',
  'TextDecoder',
  'MessageChannel',
  'MessagePort',
  'MessageEvent',
  'BroadcastChannel',
  'Blob',
  'File',
  'FormData',
  'Headers',
  'Request',
  'Response',
  'DOMException',
  'WebAssembly',
]);
const MODULES_THAT_ARE_GLOBALS = new Set(['console', 'crypto', 'process', 'performance']);
// What a CommonJS module sees; compile.js gives it to every function that travels by source.
const MODULE_SCOPE = new Set(['require', 'module', 'exports', '__filename', '__dirname']);

function isGlobal(name) {
  if (MODULE_SCOPE.has(name)) return true;
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  if (descriptor === undefined) return name in Object.prototype;
  if (isBuiltinModule(name) && !MODULES_THAT_ARE_GLOBALS.has(name)) return false;
  return !descriptor.enumerable || descriptor.get !== undefined || ENUMERABLE.has(name);
}

function isBuiltinModule(name) {
  return builtinModules.includes(name);
}

module.exports = { isGlobal, isBuiltinModule };
