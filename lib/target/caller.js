'use strict';
// The file that called into this package: what relative module names and readable stack traces refer to.
//
// Reads structured call sites, so neither source maps nor a prepareStackTrace of the user's change the answer;
// both settings of Error are put back exactly as they were, absent properties included.

const path = require('node:path');
const { fileURLToPath } = require('node:url');

const ROOT = path.join(__dirname, '..', '..');
const OWN_FILES = new Set(['index.js', 'index.mjs'].map((name) => path.join(ROOT, name)));
const OWN_FOLDER = path.join(ROOT, 'lib') + path.sep;

/** @returns {string} a file: URL for an ES module, an absolute path otherwise; `<cwd>/[eval]` when no file called */
function callerFile() {
  return firstForeignFile(callSites(8)) ?? firstForeignFile(callSites(Infinity)) ?? path.join(process.cwd(), '[eval]');
}

function firstForeignFile(sites) {
  return sites.map((site) => site.getFileName()).find(isForeign);
}

function isForeign(name) {
  if (typeof name !== 'string') return false; // native code, or code of eval() and new Function()
  if (name.startsWith('file:')) return !isOwnFile(fileOfURL(name));
  return path.isAbsolute(name) && !isOwnFile(name);
}

function isOwnFile(file) {
  return file !== undefined && (file.startsWith(OWN_FOLDER) || OWN_FILES.has(file));
}

function fileOfURL(url) {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

function callSites(limit) {
  const prepare = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  const depth = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
  try {
    Object.defineProperty(Error, 'prepareStackTrace', {
      value: (_, sites) => sites,
      writable: true,
      configurable: true,
    });
    Object.defineProperty(Error, 'stackTraceLimit', {
      value: limit,
      writable: true,
      configurable: true,
      enumerable: true,
    });
    const holder = {};
    Error.captureStackTrace(holder, callerFile);
    return Array.isArray(holder.stack) ? holder.stack : [];
  } catch {
    return []; // Error is frozen
  } finally {
    putBack('prepareStackTrace', prepare);
    putBack('stackTraceLimit', depth);
  }
}

function putBack(name, descriptor) {
  try {
    if (descriptor === undefined) delete Error[name];
    else Object.defineProperty(Error, name, descriptor);
  } catch {
    // Error is frozen: it was never changed
  }
}

/**
 * @param {string} call
 * @param {string | URL} caller
 * @returns {{ file: string, isModule: boolean }} absolute path; whether V8 named it as an ES module, by URL
 */
function parseCaller(call, caller) {
  const { invalidType, invalidValue } = require('../arguments');
  const text = caller instanceof URL ? caller.href : caller;
  if (typeof text !== 'string') throw invalidType(call, 'callerFile', 'an absolute path or a file: URL', caller);
  const file = text.startsWith('file:') ? fileOfURL(text) : text;
  if (file === undefined || !path.isAbsolute(file)) {
    throw invalidValue(call, 'callerFile', 'an absolute path or a file: URL', caller);
  }
  return { file, isModule: text.startsWith('file:') };
}

module.exports = { callerFile, parseCaller };
