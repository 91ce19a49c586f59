'use strict';
// Loads a module by URL: by import(), which serves ESM, CommonJS and loaders, or at once where require() surely can.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { fileURLToPath } = require('node:url');
const { MultiprocError } = require('../errors');

const requireHere = createRequire(__filename);

/** @returns {Promise<object>} the namespace */
async function importModule(url) {
  try {
    return await import(url);
  } catch (error) {
    throw loadError(url, error);
  }
}

/** @returns {object | undefined} what import() would give, or undefined when only import() may load it */
function requireModule(url) {
  if (url.startsWith('node:')) return asNamespace(requireHere(url));
  if (!url.startsWith('file:') || /[?#]/.test(url)) return undefined;
  const file = fileURLToPath(url);
  if (!isCommonJS(file)) return undefined;
  try {
    return asNamespace(requireHere(file));
  } catch (error) {
    throw loadError(url, error);
  }
}

function asNamespace(exports) {
  return { default: exports };
}

/** Only what is CommonJS beyond doubt: a .js file without a "type" in its package may hold ES syntax. */
function isCommonJS(file) {
  const extension = path.extname(file);
  return extension === '.cjs' || (extension === '.js' && packageType(path.dirname(file)) === 'commonjs');
}

function packageType(folder) {
  for (;;) {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).type;
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') return undefined;
    }
    const parent = path.dirname(folder);
    if (parent === folder || path.basename(folder) === 'node_modules') return undefined;
    folder = parent;
  }
}

function loadError(url, error) {
  const isTypeScript = /\.[cm]?tsx?$/.test(url.replace(/[?#].*$/, ''));
  const cannot =
    [
      'ERR_UNKNOWN_FILE_EXTENSION',
      'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
      'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
    ].includes(error?.code) ||
    (error instanceof SyntaxError && isTypeScript);
  const hint =
    isTypeScript && cannot
      ? `; this Node.js (${process.version}) cannot load it: run Node.js 22.18 or newer for plain type annotations, or start with a loader, as in node --import tsx`
      : '';
  const reason = error instanceof Error ? error.message : String(error);
  return new MultiprocError('ERR_MULTIPROC_TARGET', `${url} could not be loaded: ${reason}${hint}`, {
    cause: error,
  });
}

module.exports = { importModule, requireModule };
