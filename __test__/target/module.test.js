'use strict';
// { module, export }: resolved where the caller stands, looked up in the child.

const test = require('ava');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { describeTarget } = require('../../lib/target');
const { runInChild } = require('../fixtures/target/run_in_child');

const FIXTURES = path.join(__dirname, '..', 'fixtures', 'target');
const callerFile = path.join(FIXTURES, 'caller.js');
const fixture = (name) => path.join(FIXTURES, name);

const FOUND = [
  ['a relative path to ESM', { module: './plain.mjs' }, ['default', 1]],
  ['a named export of ESM', { module: './plain.mjs', export: 'named' }, ['named', 1]],
  ['an absolute path', { module: fixture('plain.mjs') }, ['default', 1]],
  ['a file: URL string', { module: pathToFileURL(fixture('plain.mjs')).href }, ['default', 1]],
  ['a URL', { module: pathToFileURL(fixture('plain.mjs')) }, ['default', 1]],
  ['module.exports itself', { module: './plain.cjs' }, ['whole', 1]],
  ['a property of module.exports', { module: './plain.cjs', export: 'part' }, ['part', 1]],
  ['a path without extension', { module: '../target/tasks.cjs', export: 'triple' }, 3],
  ['exports.default of compiled code', { module: './compiled.cjs' }, ['default', 1]],
  ['a builtin module', { module: 'path', export: 'basename' }, undefined],
  ['a data: URL', { module: 'data:text/javascript,export default (x) => x + 1' }, 2],
  ['a name with a space and a query', { module: './spaced name.mjs?a=1' }, '?a=1'],
];

for (const [what, target, expected] of FOUND) {
  test(`${what} is found`, async (t) => {
    const description = describeTarget(target, { callerFile });
    t.deepEqual(JSON.parse(JSON.stringify(description)), description);
    const result = await runInChild(description, expected === undefined ? ['/a/b'] : [1]);
    t.deepEqual(result.value, expected ?? 'b', JSON.stringify(result.error));
    t.true(result.cached);
  });
}

test('packages are found from the calling file, those that only serve import included', async (t) => {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-target-')));
  t.teardown(() => fs.rmSync(root, { recursive: true }));
  const write = (file, text) => {
    const full = path.join(root, 'node_modules', file);
    fs.mkdirSync(path.dirname(full), { recursive: true });
    fs.writeFileSync(full, text);
  };
  write(
    'esm/package.json',
    '{ "exports": { ".": { "types": "./x.d.ts", "import": "./main.mjs" }, "./sub/*": { "import": ["./*.mjs"] }, "./hidden/*": null } }',
  );
  write('esm/main.mjs', 'export default () => "esm";');
  write('@scope/cjs/package.json', '{ "type": "commonjs", "main": "entry.js" }');
  write('@scope/cjs/entry.js', 'exports.run = () => "cjs";');
  const from = { callerFile: path.join(root, 'app.js') };

  t.is((await runInChild(describeTarget({ module: 'esm' }, from))).value, 'esm');
  t.is((await runInChild(describeTarget({ module: 'esm/sub/main' }, from))).value, 'esm');
  t.is(
    (await runInChild(describeTarget({ module: '@scope/cjs', export: 'run' }, from), [], { sync: true })).value,
    'cjs',
  );
  for (const module of ['esm/hidden/main', 'esm/sub/none', 'esm/other', '@scope/none']) {
    t.throws(() => describeTarget({ module }, from), {
      code: 'ERR_MULTIPROC_TARGET',
      message: /was not found from .*app\.js/,
    });
  }
});

test('what does not resolve is refused at once, naming the call and the place', (t) => {
  for (const module of [
    './none.js',
    '/none/none.js',
    'no-such-package',
    './plain.mjs/x',
    pathToFileURL(fixture('none.mjs')).href,
    'file://%',
    'https://example.org/x.mjs',
    'node:none',
  ]) {
    t.throws(
      () => describeTarget({ module }, { call: 'new Process', callerFile }),
      { code: 'ERR_MULTIPROC_TARGET', message: /^new Process: .*none|^new Process/ },
      module,
    );
  }
});

test('a malformed target is refused with the argument named', (t) => {
  t.throws(() => describeTarget({ module: 7 }), { code: 'ERR_INVALID_ARG_TYPE', message: /target\.module/ });
  t.throws(() => describeTarget({ module: '' }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.throws(() => describeTarget({ module: './x', export: 7 }), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /target\.export/,
  });
  t.throws(() => describeTarget({ module: './x', exports: 'a' }), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /'exports'/,
  });
});

test('an export that is missing or no function is an error that lists the exports', async (t) => {
  const errorOf = async (target) => (await runInChild(describeTarget(target, { callerFile }))).error;
  t.like(await errorOf({ module: './plain.mjs', export: 'none' }), { code: 'ERR_MULTIPROC_TARGET' });
  t.regex(
    (await errorOf({ module: './plain.mjs', export: 'none' })).message,
    /"none" of file:.*plain\.mjs was not found; exports found: default, named, number/,
  );
  t.regex(
    (await errorOf({ module: './plain.mjs', export: 'number' })).message,
    /must be a function, but is 7 \(number\)/,
  );
  t.regex((await errorOf({ module: './tasks.cjs', export: 'none' })).message, /triple, later, where/);
  t.regex((await errorOf({ module: './plain.mjs', export: 'toString' })).message, /was not found/);
});

test('a module that throws is an error with its cause', async (t) => {
  const { error } = await runInChild(describeTarget({ module: './throws.cjs' }, { callerFile }));
  t.like(error, { code: 'ERR_MULTIPROC_TARGET', cause: 'top level failed' });
});

test('an ES module asks for an asynchronous load, a CommonJS one does not', async (t) => {
  t.true((await runInChild(describeTarget({ module: './plain.mjs' }, { callerFile }), [1], { sync: true })).async);
  t.deepEqual(
    (await runInChild(describeTarget({ module: './plain.cjs' }, { callerFile }), [1], { sync: true })).value,
    ['whole', 1],
  );
});
