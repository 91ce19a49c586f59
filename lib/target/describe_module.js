'use strict';
// The 'module' form: { module, export }, resolved to a URL where the caller stands. The export is looked up in the child.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire, isBuiltin } = require('node:module');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { invalidType, invalidValue } = require('../arguments');
const { parseCaller, callerFile } = require('./caller');
const { targetError } = require('./function_source');
const { resolveImport } = require('./resolve_import');

function describeModule(call, target, options) {
  for (const key of Object.keys(target)) {
    if (key !== 'module' && key !== 'export')
      throw invalidValue(call, 'target', '{ module, export } and nothing else', key);
  }
  const specifier = target.module instanceof URL ? target.module.href : target.module;
  if (typeof specifier !== 'string')
    throw invalidType(call, 'target.module', 'a path, a package name, or a URL', target.module);
  if (specifier === '' || specifier.includes('\0'))
    throw invalidValue(call, 'target.module', 'a path, a package name, or a URL', specifier);
  const name = Object.hasOwn(target, 'export') && target.export !== undefined ? target.export : 'default';
  if (typeof name !== 'string') throw invalidType(call, 'target.export', 'the name of an export', name);
  const url = resolve(call, specifier, options);
  return Object.freeze({ form: 'module', key: `module:${url}#${name}`, url, export: name });
}

/** @returns {string} a file:, node: or data: URL */
function resolve(call, specifier, options) {
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  if (/^data:/i.test(specifier)) return specifier;
  if (/^file:/i.test(specifier)) return resolveFileURL(call, specifier);
  if (/^[a-z][a-z\d+.-]+:/i.test(specifier)) {
    throw targetError(call, `the module ${specifier} cannot be loaded: only file:, node: and data: URLs can`);
  }
  const caller = parseCaller(call, options.callerFile ?? callerFile());
  try {
    return pathToFileURL(createRequire(caller.file).resolve(specifier)).href;
  } catch (error) {
    const found = /^\.{0,2}\//.test(specifier)
      ? resolveWithQuery(specifier, caller.file)
      : resolveImport(specifier, caller.file);
    if (found !== undefined) return found;
    const reason = error.code === 'MODULE_NOT_FOUND' ? 'nothing is there' : error.message;
    throw targetError(
      call,
      `the module ${specifier} was not found from ${caller.file}: ${reason}; ` +
        'relative paths start at the calling file, packages have to be installed there',
      error,
    );
  }
}

function resolveFileURL(call, specifier) {
  let file;
  try {
    file = fileURLToPath(specifier);
  } catch (error) {
    throw targetError(call, `${specifier} is not a usable file: URL (${error.message})`, error);
  }
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile())
    throw targetError(call, `the module ${specifier} was not found: no file ${file}`);
  return new URL(specifier).href;
}

/** './worker.mjs?x': as import() reads it, a URL. */
function resolveWithQuery(specifier, callerPath) {
  const url = new URL(specifier, pathToFileURL(callerPath));
  if (url.search === '' && url.hash === '') return undefined;
  try {
    return fs.statSync(path.resolve(fileURLToPath(url))).isFile() ? url.href : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { describeModule };
