'use strict';
// The source text of one function, as an expression that can be compiled elsewhere, with its syntax tree.
//
// Function.prototype.toString gives an expression for functions and arrows, but a piece of an object or class body for
// methods (`f(x) {…}`, `async *[key]() {…}`, `get f() {…}`); those are put into an object literal under a fixed key.

const { MultiprocError } = require('../errors');

const OPTIONS = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  locations: true,
  // Not errors of syntax here but findings of the analysis, which says what to do about them.
  allowSuperOutsideMethod: true,
  allowImportExportEverywhere: true,
  checkPrivateFields: false,
};
const ADVICE = 'define it with defineTasks() or name it as { module, export }';

/**
 * @returns {{ expression: string, node: object, strict: boolean }} node: acorn's tree of the function;
 *   its line numbers start at 1 with the first line of `source`
 */
function parseFunction(call, source, strict) {
  const expression = parse(`(${source}\n)`, strict);
  if (expression.node !== undefined) {
    const { node } = expression;
    if (/^Class/.test(node.type)) {
      throw targetError(
        call,
        `the target is a class, expected a function; wrap it: (...args) => new ${node.id?.name ?? 'TheClass'}(...args)`,
      );
    }
    if (/Function/.test(node.type)) return { expression: source, node, strict: expression.strict };
  }
  // `#f() {…}`: a private method; outside of its class the same function has a public key.
  const literal = parse(`({${source.replace(/^((?:async|get|set)?[\s*]*)#/, '$1 ')}\n})`, strict);
  const property = literal.node?.properties?.[0];
  if (literal.node?.properties?.length === 1 && property.value.type === 'FunctionExpression') {
    const { value } = property;
    const prefix = `${value.async ? 'async ' : ''}${value.generator ? '*' : ''}`;
    const text = source.slice(value.start - literal.offset);
    return { expression: `({${prefix}method${text}}).method`, node: value, strict: literal.strict };
  }
  throw targetError(
    call,
    `the source of the function cannot be analysed (${expression.error?.message ?? 'not a function'}); ${ADVICE}`,
    expression.error,
  );
}

function parse(text, strict) {
  const acorn = require('acorn'); // in the describing process only, and only for functions that travel by source
  // Inside of a function, so that new.target in an arrow parses.
  const prefix = `(function(){${strict ? '"use strict";' : ''}return`;
  try {
    const program = acorn.parse(`${prefix}${text}})`, OPTIONS);
    const node = program.body[0].expression.body.body.at(-1).argument;
    return { node, strict, offset: prefix.length + 2 };
  } catch (error) {
    // The caller's file is an ES module, but the function may come from a sloppy one.
    return strict ? { ...parse(text, false), error } : { error };
  }
}

function targetError(call, text, cause) {
  return new MultiprocError('ERR_MULTIPROC_TARGET', `${call}: ${text}`, { cause });
}

module.exports = { parseFunction, targetError, ADVICE };
