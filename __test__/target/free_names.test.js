'use strict';
// The scope analysis, case by case: a piece of code, whether it runs strict, and the names it must be found to miss.

const test = require('ava');
const { findFreeNames } = require('../../lib/target/free_names');
const { parseFunction } = require('../../lib/target/function_source');

const CASES = [
  // parameters
  ['(a, { b, c: [d = e], ...f }, ...g) => [a, b, c, d, f, g]', 'e c'],
  ['function f(a = x, b = a) { var x; }', 'x'],
  ['function f(a = () => y) { let y; return y; }', 'y'],
  ['({ [key]: value }) => value', 'key'],
  ['function f() { return arguments.length; }', ''],
  ['() => arguments.length', 'arguments'],
  ['function f() { return () => arguments; }', ''],
  // hoisting
  ['function f() { x = 1; if (y) { var x; } return x; }', 'y'],
  ['function f() { return g(); function g() { return h; } }', 'h'],
  ['function f() { { function g() {} } return g; }', ''],
  ['function f() { "use strict"; { function g() {} } return g; }', 'g'],
  ['function f() { { async function g() {} } return g; }', 'g'],
  ['function f() { if (1) function g() {} return g; }', ''],
  ['function f() { { let x = 1; const y = 2; class Z {} } return [x, y, Z]; }', 'x y Z'],
  ['function f() { for (var i = 0, { n } = o;;) {} return i + n; }', 'o'],
  ['function f() { try { var a; } catch { var b; } finally { var c; } return a + b + c; }', ''],
  ['function f() { switch (1) { case q: let r; default: var s; } return [r, s]; }', 'q r'],
  ['function f() { out: for (;;) { var deep; break out; } return deep; }', ''],
  // loops
  ['function f(a) { for (const x of a) x; for (let k in a) k; for (let i = 0; i < n; i++) i; }', 'n'],
  ['function f(a) { for (const [x, y = z] of a) x + y; return x; }', 'z x'],
  ['function f(a) { for (b of a) {} for (o.p in a) {} }', 'b o'],
  ['async (a) => { for await (const x of a) await x; }', ''],
  // names of functions and classes
  ['function fact(n) { return n ? n * fact(n - 1) : 1; }', ''],
  ['(n) => n ? fact(n - 1) : 1', 'fact'],
  ['() => { const g = function inner() { return inner; }; return inner; }', 'inner'],
  ['() => { class A { m() { return A; } } return new A(); }', ''],
  ['() => { const B = class A { x = A; }; return A; }', 'A'],
  ['() => class extends Base { constructor() { super(); this.x = super.y; } }', 'Base'],
  // class members
  ['() => class { [k] = v; static s = t; #p = 1; m() { return this.#p; } has(o) { return #p in o; } }', 'k v t'],
  ['() => class { static { var x = 1; let y = x; z; } m() { return x; } }', 'z x'],
  ['function f() { return this.#secret; }', '#secret'],
  // what is no reference
  ['(o) => { o.a; o[b]; o?.c.d; o?.[e]; }', 'b e'],
  ['() => ({ a: 1, b, c() {}, [d]: 2, get e() { return g; }, ...h })', 'b d g h'],
  ['() => { label: for (;;) { continue label; } }', ''],
  ['() => typeof undeclared', ''],
  ['() => typeof undeclared.property', 'undeclared'],
  ['() => { with (o) { anything; } }', 'o'],
  // assignment
  ['() => { ({ a, b: c, d = e } = {}); [f, ...g] = []; }', 'a c d e f g'],
  ['() => { i++; j += 1; delete k.l; }', 'i j k'],
  // catch
  ['() => { try {} catch ({ message, ...rest }) { message + rest; } return message; }', 'message'],
  ['() => { try {} catch (e) { var e = 1; } return e; }', ''],
  // templates, tags, imports, meta
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the case is source text
  ['() => tag`${a} ${`${b}`}`', 'tag a b'],
  ['async () => import(where)', 'where'],
  ['() => import.meta.url', 'import.meta'],
  ['function f() { return () => new.target; }', ''],
  ['() => new.target', 'new.target'],
  ['async function* f() { yield* g; await h; }', 'g h'],
  // methods, whose source is a piece of an object or class body
  ['f(x) { return f(x - 1); }', 'f'],
  ['async f(x = y) { return x; }', 'y'],
  ['*[Symbol.iterator]() { yield z; }', 'z'],
  ['get f() { return g; }', 'g'],
  ['#f(a) { return a + b; }', 'b'],
  ['async(x) { return x + y; }', 'y'],
  ['if(x) { return x + y; }', 'y'],
];

for (const [source, names] of CASES) {
  test(`free names of ${source}: ${names || 'none'}`, (t) => {
    const { node, strict } = parseFunction('test', source, false);
    const found = [...findFreeNames(node, strict).names.keys()];
    t.deepEqual(found.sort(), names.split(' ').filter(Boolean).sort());
  });
}

test('strict code of an ES module hoists no function out of a block', (t) => {
  const { node, strict } = parseFunction('test', '() => { { function g() {} } return g; }', true);
  t.deepEqual([...findFreeNames(node, strict).names.keys()], ['g']);
});

test('a name is reported with the line of its first use', (t) => {
  const { node } = parseFunction('test', 'function f() {\n  one;\n  two;\n  one;\n}', false);
  t.deepEqual(
    [...findFreeNames(node, false).names],
    [
      ['one', 2],
      ['two', 3],
    ],
  );
});

test('super is reported where the function itself would need a home object, and not inside of its classes', (t) => {
  const lineOf = (source) => findFreeNames(parseFunction('test', source, false).node, false).superLine;
  t.is(lineOf('f() {\n return super.f(); }'), 2);
  t.is(lineOf('() => super.f()'), 1);
  t.is(lineOf('() => ({ g() { return () => super.g(); } })'), undefined);
  t.is(lineOf('() => class extends Object { x = super.toString(); static { super.name; } }'), undefined);
});
