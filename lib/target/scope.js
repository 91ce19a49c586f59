'use strict';
// One scope of a function's syntax tree: the names it binds, the scope around it, and what is allowed in it.
// Names are collected when a scope opens (hoisting), so every reference is resolved where it stands.

class Scope {
  /** @param {Scope | null} parent */
  constructor(parent, overrides = {}) {
    this.parent = parent;
    this.names = new Set();
    this.strict = overrides.strict ?? parent?.strict ?? false;
    this.ownsSuper = overrides.ownsSuper ?? parent?.ownsSuper ?? false;
    this.ownsNewTarget = overrides.ownsNewTarget ?? parent?.ownsNewTarget ?? false;
    this.isWith = overrides.isWith ?? false;
    this.privateNames = overrides.privateNames ?? null;
  }

  /** The object of a `with` statement may have any name: nothing inside of it is reported. */
  binds(name) {
    for (let scope = this; scope !== null; scope = scope.parent) if (scope.isWith || scope.names.has(name)) return true;
    return false;
  }

  bindsPrivate(name) {
    for (let scope = this; scope !== null; scope = scope.parent) if (scope.privateNames?.has(name)) return true;
    return false;
  }
}

/** Adds the names of a binding pattern. */
function addPattern(names, pattern) {
  if (pattern === null) return;
  switch (pattern.type) {
    case 'Identifier':
      names.add(pattern.name);
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties) addPattern(names, property.value ?? property.argument);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) addPattern(names, element);
      break;
    case 'AssignmentPattern':
      addPattern(names, pattern.left);
      break;
    case 'RestElement':
      addPattern(names, pattern.argument);
      break;
    default:
      throw new TypeError(`unknown pattern ${pattern.type}`);
  }
}

/** Adds let, const, using, class and function declarations of one statement list. */
function addLexical(names, statements) {
  for (const statement of statements) {
    if (statement.type === 'VariableDeclaration' && statement.kind !== 'var') {
      for (const { id } of statement.declarations) addPattern(names, id);
    } else if (statement.type === 'ClassDeclaration') names.add(statement.id.name);
    else {
      const declaration = functionDeclaration(statement);
      if (declaration !== undefined) names.add(declaration.id.name);
    }
  }
}

function functionDeclaration(statement) {
  while (statement.type === 'LabeledStatement') statement = statement.body;
  return statement.type === 'FunctionDeclaration' ? statement : undefined;
}

/** Adds what is hoisted to the function: var, and in sloppy code plain functions declared in blocks (Annex B.3.3). */
function addHoisted(names, node, strict) {
  if (node === null || typeof node !== 'object') return;
  if (Array.isArray(node)) {
    for (const element of node) addHoisted(names, element, strict);
    return;
  }
  if (node.type === 'VariableDeclaration') {
    if (node.kind === 'var') for (const { id } of node.declarations) addPattern(names, id);
    return;
  }
  if (node.type === 'FunctionDeclaration') {
    if (!strict && !node.async && !node.generator) names.add(node.id.name);
    return;
  }
  // Only statements hold statements; expressions, functions and classes declare nothing here.
  if (!/Statement$|^SwitchCase$|^CatchClause$/.test(node.type) || node.type === 'ExpressionStatement') return;
  for (const key of STATEMENT_PARTS) if (node[key] !== undefined) addHoisted(names, node[key], strict);
}
const STATEMENT_PARTS = ['body', 'consequent', 'alternate', 'init', 'left', 'block', 'handler', 'finalizer', 'cases'];

module.exports = { Scope, addPattern, addLexical, addHoisted };
