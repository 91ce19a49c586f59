'use strict';
// Which names a function takes from its surroundings: scope analysis over acorn's ESTree, following ECMA-262 §8
// (bound names, hoisting, Annex B.3.3) and §10.2.11 (parameters do not see the variables of the body).
//
// Not seen: names that direct eval() declares or uses, and names inside a `with` statement, which may be anything.

const { Scope, addPattern, addLexical, addHoisted } = require('./scope');

/**
 * @param {object} node a FunctionExpression or ArrowFunctionExpression
 * @returns {{ names: Map<string, number>, superLine: number | undefined }} names: free name → line of its first use;
 *   `import.meta`, `new.target`, `arguments` (of an arrow) and `#private` names stand among them
 */
function findFreeNames(node, strict) {
  const found = { names: new Map(), superLine: undefined };
  visit(node, new Scope(null, { strict }), found);
  return found;
}

function report(found, name, node) {
  if (!found.names.has(name)) found.names.set(name, node.loc.start.line);
}

function visit(node, scope, found) {
  if (Array.isArray(node)) {
    for (const element of node) if (element !== null) visit(element, scope, found);
    return;
  }
  const visitor = VISITORS[node.type];
  if (visitor !== undefined) visitor(node, scope, found);
  else visitParts(node, scope, found);
}

function visitParts(node, scope, found) {
  for (const key in node) {
    const part = node[key];
    if (part !== null && typeof part === 'object' && (Array.isArray(part) || typeof part.type === 'string'))
      visit(part, scope, found);
  }
}

const VISITORS = {
  Identifier(node, scope, found) {
    if (!scope.binds(node.name)) report(found, node.name, node);
  },
  PrivateIdentifier(node, scope, found) {
    if (!scope.bindsPrivate(node.name)) report(found, `#${node.name}`, node);
  },
  MetaProperty(node, scope, found) {
    if (node.meta.name === 'import') report(found, 'import.meta', node);
    else if (!scope.ownsNewTarget) report(found, 'new.target', node);
  },
  Super(node, scope, found) {
    if (!scope.ownsSuper) found.superLine ??= node.loc.start.line;
  },
  UnaryExpression(node, scope, found) {
    // `typeof name` of a name that does not exist is 'undefined', not an error.
    if (node.operator !== 'typeof' || node.argument.type !== 'Identifier') visit(node.argument, scope, found);
  },
  MemberExpression(node, scope, found) {
    visit(node.object, scope, found);
    if (node.computed || node.property.type === 'PrivateIdentifier') visit(node.property, scope, found);
  },
  Property(node, scope, found) {
    if (node.computed) visit(node.key, scope, found);
    const isMethod = node.method || node.kind === 'get' || node.kind === 'set';
    if (isMethod) visitFunction(node.value, scope, found, { ownsSuper: true });
    else visit(node.value, scope, found);
  },
  LabeledStatement: (node, scope, found) => visit(node.body, scope, found),
  BreakStatement() {},
  ContinueStatement() {},
  WithStatement(node, scope, found) {
    visit(node.object, scope, found);
    visit(node.body, new Scope(scope, { isWith: true }), found);
  },

  FunctionDeclaration: visitFunction,
  FunctionExpression: visitFunction,
  ArrowFunctionExpression: visitFunction,
  ClassDeclaration: visitClass,
  ClassExpression: visitClass,

  VariableDeclaration(node, scope, found) {
    for (const { id, init } of node.declarations) {
      visitBinding(id, scope, found);
      if (init !== null) visit(init, scope, found);
    }
  },
  BlockStatement(node, scope, found) {
    const block = new Scope(scope);
    addLexical(block.names, node.body);
    visit(node.body, block, found);
  },
  SwitchStatement(node, scope, found) {
    visit(node.discriminant, scope, found);
    const block = new Scope(scope);
    for (const { consequent } of node.cases) addLexical(block.names, consequent);
    visit(node.cases, block, found);
  },
  ForStatement: (node, scope, found) => visitLoop(node, node.init, scope, found),
  ForInStatement: (node, scope, found) => visitLoop(node, node.left, scope, found),
  ForOfStatement: (node, scope, found) => visitLoop(node, node.left, scope, found),
  CatchClause(node, scope, found) {
    const handler = new Scope(scope);
    addPattern(handler.names, node.param);
    if (node.param !== null) visitBinding(node.param, handler, found);
    visit(node.body, handler, found);
  },
};

function visitLoop(node, head, scope, found) {
  const loop = new Scope(scope);
  if (head !== null) addLexical(loop.names, [head]);
  visitParts(node, loop, found);
}

function visitFunction(node, outer, found, { ownsSuper } = {}) {
  const isArrow = node.type === 'ArrowFunctionExpression';
  const strict = outer.strict || isStrictBody(node.body);
  const self = new Scope(outer, isArrow ? { strict } : { strict, ownsSuper: ownsSuper ?? false, ownsNewTarget: true });
  if (node.type === 'FunctionExpression' && node.id !== null) self.names.add(node.id.name);
  const params = new Scope(self);
  if (!isArrow) params.names.add('arguments');
  for (const param of node.params) addPattern(params.names, param);
  for (const param of node.params) visitBinding(param, params, found);
  if (node.body.type !== 'BlockStatement') {
    visit(node.body, params, found);
    return;
  }
  const body = new Scope(params);
  addHoisted(body.names, node.body.body, strict);
  addLexical(body.names, node.body.body);
  visit(node.body.body, body, found);
}

function isStrictBody(body) {
  return body.type === 'BlockStatement' && body.body.some(({ directive }) => directive === 'use strict');
}

/** The expressions inside of a binding pattern: defaults and computed keys; its names are no references. */
function visitBinding(pattern, scope, found) {
  if (pattern === null) return;
  switch (pattern.type) {
    case 'ObjectPattern':
      for (const property of pattern.properties) {
        if (property.computed) visit(property.key, scope, found);
        visitBinding(property.value ?? property.argument, scope, found);
      }
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) visitBinding(element, scope, found);
      break;
    case 'AssignmentPattern':
      visitBinding(pattern.left, scope, found);
      visit(pattern.right, scope, found);
      break;
    case 'RestElement':
      visitBinding(pattern.argument, scope, found);
      break;
    default:
  }
}

function visitClass(node, outer, found) {
  const scope = new Scope(outer, { strict: true, privateNames: new Set() });
  if (node.id !== null) scope.names.add(node.id.name);
  if (node.superClass !== null) visit(node.superClass, scope, found);
  const members = node.body.body;
  for (const { key } of members) if (key?.type === 'PrivateIdentifier') scope.privateNames.add(key.name);
  for (const member of members) {
    if (member.computed) visit(member.key, scope, found);
    if (member.type === 'MethodDefinition') visitFunction(member.value, scope, found, { ownsSuper: true });
    else if (member.type === 'StaticBlock') {
      const block = new Scope(scope, { ownsSuper: true, ownsNewTarget: true });
      addHoisted(block.names, member.body, true);
      addLexical(block.names, member.body);
      visit(member.body, block, found);
    } else if (member.value) visit(member.value, new Scope(scope, { ownsSuper: true, ownsNewTarget: true }), found);
  }
}

module.exports = { findFreeNames };
