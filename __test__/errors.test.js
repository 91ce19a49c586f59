'use strict';
// The lists that repeat each other agree: error codes in lib/errors.js, index.d.ts, docs/errors.md and src/error.rs;
// names in index.js, index.mjs and index.d.ts; members of the exported classes in the code and in index.d.ts.

const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const ts = require('typescript');
const multiproc = require('../index.js');
const { CODES } = require('../lib/errors.js');

const read = (name) => fs.readFileSync(path.join(__dirname, '..', name), 'utf8');
const types = ts.createSourceFile('index.d.ts', read('index.d.ts'), ts.ScriptTarget.Latest, true);
const matches = (text, pattern) => [...text.matchAll(pattern)].map(([, found]) => found);

/** What the module exports as a value, by name: the declarations, or nothing for a name exported from elsewhere. */
function declaredValues() {
  const found = new Map();
  const isExported = (node) => node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  for (const node of types.statements) {
    if (ts.isExportDeclaration(node))
      for (const { name } of node.exportClause.elements) found.set(name.text, undefined);
    else if (!isExported(node)) continue;
    else if (ts.isVariableStatement(node)) {
      for (const { name } of node.declarationList.declarations) found.set(name.text, interfaceOf(name.text));
    } else if (ts.isClassDeclaration(node) || ts.isFunctionDeclaration(node)) found.set(node.name.text, node);
  }
  return found;
}

function interfaceOf(name) {
  return types.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === name);
}

const sorted = (names) => [...names].sort();

test('docs/errors.md explains every code, once and in the order of the list', (t) => {
  t.deepEqual(matches(read('docs/errors.md'), /^### `(ERR_MULTIPROC_[A-Z_]+)`$/gm), Object.keys(CODES));
});

test('ErrorCode in index.d.ts lists every code in the order of the list', (t) => {
  const alias = types.statements.find((node) => ts.isTypeAliasDeclaration(node) && node.name.text === 'ErrorCode');
  t.deepEqual(
    alias.type.types.map(({ literal }) => literal.text),
    Object.keys(CODES),
  );
});

test('every code of src/error.rs is in the list', (t) => {
  const codes = matches(read('src/error.rs'), /"(ERR_[A-Z_]+)"/g);
  t.true(codes.length > 5);
  t.deepEqual(
    codes.filter((code) => !(code in CODES)),
    [],
  );
});

test('every code that lib and index.d.ts mention is in the list', (t) => {
  const files = fs
    .readdirSync(path.join(__dirname, '../lib'), { recursive: true })
    .filter((name) => name.endsWith('.js'));
  for (const name of ['index.d.ts', ...files.map((file) => path.join('lib', file))]) {
    const unknown = matches(read(name), /\b(ERR_MULTIPROC_[A-Z_]*[A-Z])\b/g).filter((code) => !(code in CODES));
    t.deepEqual(unknown, [], name);
  }
});

test('index.mjs exports exactly the names of index.js, the same objects', async (t) => {
  const { default: whole, ...named } = await import('../index.mjs');
  t.is(whole, multiproc);
  t.deepEqual(sorted(Object.keys(named)), sorted(Object.keys(multiproc)));
  for (const [name, value] of Object.entries(named)) t.is(value, multiproc[name], name);
});

test('index.d.ts declares exactly the names of index.js', (t) => {
  t.deepEqual(sorted(declaredValues().keys()), sorted(Object.keys(multiproc)));
});

// toJSON is how our objects notice that they are inside of a message; it is no part of the interface.
const WELL_KNOWN = new Map(
  ['dispose', 'asyncDispose', 'iterator', 'asyncIterator'].map((name) => [Symbol[name], `@@${name}`]),
);
const INTERNAL = new Set(['constructor', 'toJSON']);

const isStatic = ({ modifiers }) => modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword);

/** The declarations of a class, and of the base classes of it that are ours. */
function lineage(declaration) {
  const base = declaration.heritageClauses?.[0].types[0].expression.text;
  const found = types.statements.find((node) => ts.isClassDeclaration(node) && node.name.text === base);
  return found === undefined ? [declaration] : [declaration, ...lineage(found)];
}

test('index.d.ts declares exactly the members of the exported classes', (t) => {
  let count = 0;
  for (const [name, declaration] of declaredValues()) {
    let { prototype } = multiproc[name];
    if (declaration?.members === undefined || prototype === undefined || prototype instanceof Error) continue;
    const [declared, real] = [[], []];
    for (const { members } of lineage(declaration)) {
      const named = members.filter((member) => !ts.isConstructorDeclaration(member) && !isStatic(member));
      declared.push(...named.map((member) => member.name.getText(types).replace(/^\[Symbol\.(\w+)\]$/, '@@$1')));
      real.push(...Reflect.ownKeys(prototype));
      prototype = Object.getPrototypeOf(prototype);
    }
    const known = real
      .map((member) => (typeof member === 'symbol' ? WELL_KNOWN.get(member) : member))
      .filter((member) => member !== undefined && !INTERNAL.has(member));
    t.deepEqual(sorted(new Set(declared)), sorted(new Set(known)), name);
    count += 1;
  }
  t.is(count, 23);
});

test('an error class has its code and its name, and is known where it arrives', (t) => {
  const { encode, decode } = require('../lib/codec');
  for (const [name, Class] of Object.entries(multiproc)) {
    if (!(Class?.prototype instanceof multiproc.MultiprocError)) continue;
    const error = new Class('text', { cause: 1, path: 'a' });
    t.is(error.name, name);
    t.true(error.code in CODES, name);
    const arrived = decode(encode(error, { root: 'error' }));
    t.true(arrived instanceof Class, name);
    t.deepEqual([arrived.code, arrived.message, arrived.cause], [error.code, 'text', 1]);
  }
});
