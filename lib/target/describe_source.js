'use strict';
// The 'source' form: a function that stands alone travels as text.
// Analysed once per text; the description of a function object is found again without looking at its text.

const { types } = require('node:util');
const { invalidType, invalidValue } = require('../arguments');
const { BoundedMap } = require('./bounded_map');
const { parseCaller, callerFile } = require('./caller');
const { checkClosure } = require('./closure');
const { findFreeNames } = require('./free_names');
const { parseFunction, targetError, ADVICE } = require('./function_source');
const { findPlace } = require('./place');
const { toolHelpers } = require('./tool_helpers');

const analyses = new BoundedMap(500);
const descriptions = new WeakMap();

/**
 * @param {string} call
 * @param {Function} target
 * @param {{ callerFile?: string | URL, scope?: Record<string, unknown> }} options
 */
function describeSource(call, target, options) {
  const scopeNames = checkScope(call, options.scope);
  const known = descriptions.get(target);
  if (
    known !== undefined &&
    scopeNames.length === 0 &&
    (options.callerFile === undefined || known.caller === String(options.callerFile))
  ) {
    return known.description;
  }
  const text = Function.prototype.toString.call(target);
  if (types.isProxy(target) || /\{\s*\[native code\]\s*\}$/.test(text)) throw nativeError(call, target);
  const callerName = options.callerFile ?? callerFile();
  const caller = parseCaller(call, callerName);
  const strict = caller.isModule || isStrictFunction(target);
  const analysis = analyse(call, text, strict, caller.file);
  const name = nameOf(target);
  const variant = `${name}\0${scopeNames.join()}`;
  let description = analysis.variants.get(variant);
  if (description === undefined) {
    description = describeAnalysed(call, name, analysis, scopeNames);
    analysis.variants.set(variant, description);
  }
  if (scopeNames.length > 0) return Object.freeze({ ...description, scope: { ...options.scope } });
  descriptions.set(target, { caller: String(callerName), description });
  return description;
}

function describeAnalysed(call, name, analysis, scopeNames) {
  if (analysis.superLine !== undefined) {
    throw targetError(
      call,
      `the function ${name} uses super (line ${analysis.superLine} of the function), whose object does not travel; ${ADVICE}`,
    );
  }
  checkClosure(call, { name, names: analysis.names, place: analysis.place }, scopeNames);

  const body = {
    form: 'source',
    name,
    source: analysis.expression,
    file: analysis.file,
    line: analysis.place?.line ?? 1,
    strict: analysis.strict,
    scopeNames,
  };
  const { createHash } = require('node:crypto'); // slow to load, and a child seldom describes
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('base64url');
  return Object.freeze({ ...body, key: `source:${hash}` });
}

function analyse(call, text, strict, file) {
  const key = `${strict}\0${file}\0${text}`;
  let analysis = analyses.get(key);
  if (analysis === undefined) {
    const parsed = parseFunction(call, text, strict);
    const free = findFreeNames(parsed.node, parsed.strict);
    for (const name of toolHelpers(text).keys()) free.names.delete(name);
    analysis = {
      ...free,
      expression: parsed.expression,
      strict: parsed.strict,
      file,
      place: findPlace(text, file),
      variants: new BoundedMap(20),
    };
    analyses.set(key, analysis);
  }
  return analysis;
}

/**
 * `caller` can be read of plain sloppy functions alone (own property up to Node 24, accessor of the prototype in 26);
 * arrows, methods and async functions tell nothing, for them the caller's file decides.
 */
function isStrictFunction(target) {
  if (!Object.hasOwn(target, 'prototype') || types.isGeneratorFunction(target)) return false;
  try {
    void target.caller;
    return false;
  } catch {
    return true;
  }
}

/** @returns {string[]} the names, sorted */
function checkScope(call, scope) {
  if (scope === undefined) return [];
  if (scope === null || typeof scope !== 'object' || Array.isArray(scope))
    throw invalidType(call, 'scope', 'an object of constants', scope);
  const names = Object.keys(scope).sort();
  for (const name of names)
    if (!isConstantName(name)) throw invalidValue(call, 'scope', 'an object whose keys can name a constant', name);
  return names;
}

function isConstantName(name) {
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$\u200C\u200D]*$/u.test(name)) return false;
  try {
    require('acorn').parse(`const ${name} = 0;`, { ecmaVersion: 'latest', sourceType: 'module' });
    return name !== 'undefined';
  } catch {
    return false; // a reserved word
  }
}

/** The name can have been overwritten with anything. */
function nameOf(target) {
  return typeof target.name === 'string' ? target.name : '';
}

function nativeError(call, target) {
  const name = nameOf(target);
  const kind = types.isProxy(target) ? 'a Proxy' : name.startsWith('bound ') ? 'a bound function' : 'a native function';
  return targetError(
    call,
    `the target ${name || '(anonymous)'} is ${kind}, which has no source text to send; ` +
      (kind === 'a bound function'
        ? 'pass the function that it was made of, and what it was bound to in "args"'
        : 'wrap it, as in (...args) => Math.max(...args)'),
  );
}

module.exports = { describeSource };
