'use strict';
// Refuses a function whose names would be missing in another process: before start, in the caller's stack.

const { MultiprocError } = require('../errors');
const { isGlobal, isBuiltinModule } = require('./globals');

/**
 * @param {string} call
 * @param {{ name: string, names: Map<string, number>, place: { file: string, line: number } | undefined }} found
 * @param {string[]} scopeNames names that the caller's `scope` supplies
 */
function checkClosure(call, { name, names, place }, scopeNames) {
  const missing = [];
  for (const [free, line] of names) {
    if (!scopeNames.includes(free) && !isGlobal(free))
      missing.push({ name: free, line: place ? place.line + line - 1 : line });
  }
  if (missing.length === 0) return;
  const where = place ? place.file : "the function's own text";
  const list = missing.map((entry) => `${entry.name} (line ${entry.line})`).join(', ');
  const subject = name === '' ? 'the function' : `the function ${name}`;
  throw new MultiprocError(
    'ERR_MULTIPROC_CLOSURE',
    `${call}: ${subject} uses names of its surroundings, which do not travel to another process: ${list}, counted in ${where}. ` +
      advice(
        call,
        missing.map((entry) => entry.name),
        name,
      ),
    { names: missing },
  );
}

/** What Vite and Vitest make of an import of the file. */
const VITE_IMPORT = /^__vite_ssr_import_\d+__$/;

/** Only a Process takes `scope`. */
function hasScope(call) {
  return !call.startsWith('pool');
}

function advice(call, missing, name) {
  const hints = [];
  for (const free of missing) {
    if (isBuiltinModule(free)) hints.push(`Write const ${free} = require('node:${free}') inside of the function.`);
  }
  if (missing.includes(name)) hints.push(`To call itself, write it as function ${name}(…) {…}.`);
  if (missing.includes('import.meta')) hints.push('Use __filename and __dirname in place of import.meta.');
  if (missing.includes('arguments')) hints.push('An arrow has no arguments of its own: use (...args).');
  const imported = missing.filter((free) => VITE_IMPORT.test(free));
  if (imported.length > 0) hints.push('What the file imports is not there: import() it inside of the function.');
  const values = missing.filter(
    (free) =>
      !VITE_IMPORT.test(free) &&
      /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(free) &&
      free !== 'arguments' &&
      free !== name &&
      !isBuiltinModule(free),
  );
  if (values.length > 0) {
    const asConstants = hasScope(call) ? `, or as constants with scope: { ${values.join(', ')} }` : '';
    hints.push(`Pass values as arguments${asConstants}.`);
  }
  hints.push('A function that needs its module is made with defineTasks() or named as { module, export }.');
  return hints.join(' ');
}

module.exports = { checkClosure };
