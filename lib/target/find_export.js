'use strict';
// Takes one function out of a module's namespace, ESM or CommonJS.

const { MultiprocError } = require('../errors');
const { describe } = require('../arguments');

/**
 * 'default' of a CommonJS module is module.exports, or its `default` where a compiler wrote `exports.default`;
 * another name is the named export, or a property of the default export (CommonJS names that Node's lexer missed).
 */
function findExport(namespace, { url, export: name }) {
  const whole = namespace.default;
  const candidates = Object.hasOwn(namespace, name) ? [namespace[name]] : [];
  if (whole !== null && (typeof whole === 'object' || typeof whole === 'function') && Object.hasOwn(whole, name))
    candidates.push(whole[name]);
  const found = candidates.find((value) => typeof value === 'function');
  if (found !== undefined) return found;
  const wrong = candidates.length > 0 ? ` must be a function, but is ${describe(candidates[0])}` : ' was not found';
  throw new MultiprocError(
    'ERR_MULTIPROC_TARGET',
    `the export "${name}" of ${url}${wrong}; exports found: ${names(namespace).join(', ') || 'none'}`,
  );
}

function names(namespace) {
  const found = new Set(Object.keys(namespace));
  const whole = namespace.default;
  if (whole !== null && typeof whole === 'object') for (const name of Object.keys(whole)) found.add(name);
  found.delete('module.exports');
  return [...found];
}

module.exports = { findExport };
