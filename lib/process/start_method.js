'use strict';
// How processes are started where their options do not say it: for this thread.

const { createRequire, isBuiltin } = require('node:module');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { invalidType, invalidValue, ownOptions } = require('../arguments');
const { MultiprocError } = require('../errors');
const { callerFile } = require('../target');
const { resolveImport } = require('../target/resolve_import');
const { forkServer } = require('./fork_server');

const METHODS = ['spawn', 'forkserver'];
const DEFAULT = 'spawn';

let chosen;

/** @returns {'spawn' | 'forkserver' | undefined} */
function checkStartMethod(call, method) {
  if (method === undefined || METHODS.includes(method)) return method;
  if (method === 'fork') {
    throw new MultiprocError(
      'ERR_MULTIPROC_START_METHOD',
      `${call}: "startMethod" was 'fork', which copies the calling process and is not supported; use 'forkserver', ` +
        'and give what the child needs as arguments or as modules to preload',
    );
  }
  throw invalidValue(call, 'startMethod', `one of '${METHODS.join("', '")}'`, method);
}

function setStartMethod(method, options) {
  const call = 'setStartMethod()';
  const { force = false, preload } = ownOptions(call, options, ['force', 'preload']);
  if (method === undefined) throw invalidValue(call, 'startMethod', `one of '${METHODS.join("', '")}'`, method);
  checkStartMethod(call, method);
  if (typeof force !== 'boolean') throw invalidType(call, 'force', 'a boolean', force);
  const modules = preload === undefined ? undefined : checkPreload(call, preload);
  if (chosen !== undefined && !force && (method !== chosen || modules !== undefined)) {
    throw new MultiprocError(
      'ERR_MULTIPROC_START_METHOD',
      `${call}: the start method is '${chosen}' already; choose it once, where the program begins, or pass { force: true }`,
    );
  }
  chosen = method;
  if (modules !== undefined) forkServer.setPreload(modules);
  if (method === 'forkserver') forkServer.begin();
  else forkServer.stop();
}

function getStartMethod() {
  return chosen ?? DEFAULT;
}

/** @returns {string[]} paths and bare names as the server can import them */
function checkPreload(call, preload) {
  if (!Array.isArray(preload)) throw invalidType(call, 'preload', 'an array of modules', preload);
  return preload.map((entry, index) => resolved(call, `preload[${index}]`, entry));
}

function resolved(call, name, entry) {
  const text = entry instanceof URL || entry?.href !== undefined ? String(entry.href) : entry;
  if (typeof text !== 'string' || text === '')
    throw invalidType(call, name, 'a path, a URL or the name of a package', entry);
  if (text.startsWith('file:')) return fileURLToPath(text);
  if (text.startsWith('.')) {
    throw invalidValue(
      call,
      name,
      'an absolute path, a URL or the name of a package; use new URL(…, import.meta.url) or require.resolve()',
      entry,
    );
  }
  const isName = !path.isAbsolute(text) && !isBuiltin(text) && !/^[a-z][a-z\d+.-]+:/i.test(text);
  return (isName ? packageFile(text) : undefined) ?? text;
}

/**
 * A package is the one that the calling file gets: where multiproc itself lies there may be none (pnpm, npm link).
 * @returns {string | undefined} undefined: it is not found, which the server tells of
 */
function packageFile(name) {
  const caller = callerFile();
  const isModule = caller.startsWith('file:');
  const file = isModule ? fileURLToPath(caller) : caller;
  const required = () => {
    try {
      return createRequire(file).resolve(name);
    } catch {
      return undefined;
    }
  };
  const imported = () => {
    const url = resolveImport(name, file);
    return url === undefined ? undefined : fileURLToPath(url);
  };
  return isModule ? (imported() ?? required()) : (required() ?? imported());
}

module.exports = { checkStartMethod, getStartMethod, setStartMethod };
