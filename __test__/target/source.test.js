'use strict';
// Functions that stand alone: where they stand, what they see, and the keys of their descriptions.

const test = require('ava');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { describeTarget, loadTarget, loadTargetSync } = require('../../lib/target');
const { runInChild } = require('../fixtures/target/run_in_child');

const FIXTURES = path.join(__dirname, '..', 'fixtures', 'target');

test('the same works synchronously, and with file: URLs of the caller', async (t) => {
  const description = describeTarget(async () => [__filename, (await import('./plain.mjs')).named(1)], {
    callerFile: pathToFileURL(path.join(FIXTURES, 'a caller.mjs')),
  });
  const { value } = await runInChild(description, [], { sync: true });
  t.deepEqual(value, [path.join(FIXTURES, 'a caller.mjs'), ['named', 1]]);
});

test('a stack trace names the file and the line where the function stands', async (t) => {
  const description = describeTarget(function thrower() {
    throw new Error('here');
  });
  const { error } = await runInChild(description);
  const line =
    fs
      .readFileSync(__filename, 'utf8')
      .split('\n')
      .findIndex((text) => text.includes("new Error('here')")) + 1;
  t.true(error.stack.includes(`at thrower (${__filename}:${line}:`), error.stack);
});

test('strictness is kept: of a function by its own mark, of other kinds by the kind of the calling file', async (t) => {
  const thisOf = async (target, callerFile) => (await runInChild(describeTarget(target, { callerFile }))).value;
  const file = path.join(FIXTURES, 'x.js');
  const sloppy = new Function('return function () { return this === globalThis; }')();
  const strict = function () {
    return this === undefined;
  };
  t.true(await thisOf(sloppy, file));
  t.true(await thisOf(strict, file));
  t.true(
    await thisOf(
      {
        f() {
          return this === undefined;
        },
      }.f,
      pathToFileURL(file),
    ),
  );
});

test('constants of scope are visible, cannot be changed, and are not shared between descriptions', async (t) => {
  const target = function grow(x) {
    return x * k + list.length;
  };
  t.throws(() => describeTarget(target, { scope: { k: 2 } }), {
    code: 'ERR_MULTIPROC_CLOSURE',
    message: /list \(line \d+\)/,
  });
  const description = describeTarget(target, { scope: { k: 2, list: [1] } });
  t.deepEqual(description.scope, { k: 2, list: [1] });
  t.is((await runInChild(description, [10])).value, 21);
  const other = describeTarget(target, { scope: { k: 3, list: [] } });
  t.is(other.key, description.key);
  t.is((await loadTarget(description))(10), 21);
  t.is((await loadTarget(other))(10), 30);
  const assign = describeTarget(
    () => {
      k = 1;
    },
    { scope: { k: 2 } },
  );
  t.throws(loadTargetSync(assign), { instanceOf: TypeError, message: /constant/ });
});

test('a name that was overwritten with something else does no harm', async (t) => {
  const target = Object.defineProperty(() => 1, 'name', { value: () => 2 });
  t.like(await runInChild(describeTarget(target)), { value: 1, name: '' });
});

test('a loaded function can be passed on, with its scope', async (t) => {
  const description = describeTarget((x) => x * k, { scope: { k: 2 } });
  const loaded = await loadTarget(description);
  t.is(describeTarget(loaded), description);
});

test('the key is stable for the same text in the same file, and differs otherwise', (t) => {
  const make = () => (x) => x;
  const a = describeTarget(make(), { callerFile: '/a.js' });
  t.is(describeTarget(make(), { callerFile: '/a.js' }).key, a.key);
  t.not(describeTarget(make(), { callerFile: '/b.js' }).key, a.key);
  t.not(describeTarget((y) => y, { callerFile: '/a.js' }).key, a.key);
  t.not(describeTarget(make(), { callerFile: '/a.js', scope: { y: 1 } }).key, a.key);
});

test('functions wrapped by esbuild or tsx (keepNames) arrive', async (t) => {
  const text =
    'return function outer() { const inner = /* @__PURE__ */ __name(() => 1, "renamed"); return inner.name; }';
  t.is((await runInChild(describeTarget(new Function(text)()))).value, 'renamed');
});

test('functions in which Vitest has rewritten import() arrive', async (t) => {
  const text = 'return async () => { const { sep } = await __vite_ssr_dynamic_import__("node:path"); return sep; }';
  t.is((await runInChild(describeTarget(new Function(text)()))).value, path.sep);
});

test('functions whose coverage Istanbul counts arrive, and count nothing', async (t) => {
  const text =
    'return n => { cov_1gpn4qpg81().f[0]++; cov_1gpn4qpg81().s[1]++; ' +
    'if (n > 1) { cov_1gpn4qpg81().b[0][0]++; return n; } else { cov_1gpn4qpg81().b[0][1]++; } ' +
    'return (cov_1gpn4qpg81().b[1][0]++, n) || (cov_1gpn4qpg81().b[1][1]++, 7); }';
  const description = describeTarget(new Function(text)());
  t.is((await runInChild(description, [5])).value, 5);
  t.is((await runInChild(description, [0])).value, 7);
  // A name that only looks like a counter is the user's.
  t.throws(() => describeTarget(new Function('return () => cov_1gpn4qpg81')()), { code: 'ERR_MULTIPROC_CLOSURE' });
});

test('source that the child cannot compile is an error of the target', async (t) => {
  const description = { ...describeTarget(() => 1), source: '() => {{', key: 'broken' };
  t.like((await runInChild(description)).error, { code: 'ERR_MULTIPROC_TARGET' });
});

test('something that is no description is refused', async (t) => {
  for (const wrong of [undefined, null, {}, { form: 'module' }, { form: 'task', file: 7 }]) {
    await t.throwsAsync(loadTarget(wrong), { code: 'ERR_MULTIPROC_TARGET' });
  }
});
