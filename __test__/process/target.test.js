'use strict';
// What a Process can run: functions that stand alone, tasks, and exports of modules.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const test = require('ava');
const { Process } = require('../..');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const FIXTURES = path.join(__dirname, '..', 'fixtures', 'process');

async function resultOf(target, args = [], options = {}) {
  const child = new Process(target, { args, stdio: 'ignore', ...options });
  child.start();
  try {
    return await child.result;
  } finally {
    await child.join();
  }
}

test('a function that stands alone runs in another process', async (t) => {
  const child = new Process((a, b) => ({ sum: a + b, pid: process.pid }), { args: [40, 2] });
  t.is(child.start(), child);
  const { sum, pid } = await child.result;
  t.is(sum, 42);
  t.is(pid, child.pid);
  t.not(pid, process.pid);
  t.true(await child.join());
  t.is(child.exitCode, 0);
  t.is(child.signalCode, null);
});

test('every kind of function is called with its arguments', async (t) => {
  function declared(a, b) {
    return [a, b, declared.name];
  }
  const holder = {
    method(a) {
      return [a, 'method'];
    },
  };
  t.deepEqual(await resultOf(declared, [1, 2]), [1, 2, 'declared']);
  t.deepEqual(await resultOf(holder.method, [1]), [1, 'method']);
  t.deepEqual(await resultOf(async (a) => [await a], [1]), [1]);
  t.deepEqual(await resultOf((...rest) => rest, [1, undefined, null]), [1, undefined, null]);
  t.is(await resultOf(() => {}), undefined);
});

test('scope gives a function that stands alone its constants', async (t) => {
  t.is(await resultOf((a) => a * factor + offsets[1], [2], { scope: { factor: 10, offsets: [0, 3] } }), 23);
});

test('a function that stands alone may require, from where it stands', async (t) => {
  t.is(await resultOf(() => require('../fixtures/process/exports.cjs').upper('abc')), 'ABC');
});

test('tasks run with everything of their module, CommonJS and ESM', async (t) => {
  const tasks = require('../fixtures/process/tasks.cjs');
  const { default: esm } = await import('../fixtures/process/tasks.mjs');
  t.is(tasks.count(), 1);
  t.is(await resultOf(tasks.triple, [5]), 15);
  t.is(await resultOf(tasks.count), 1, 'a module of its own');
  t.true(tasks.role());
  t.is(await resultOf(tasks.role), false);
  t.is(await resultOf(esm.quadruple, [5]), 20);
});

test('an export is found by the name of its module', async (t) => {
  t.is(await resultOf({ module: '../fixtures/process/exports.cjs', export: 'upper' }, ['a']), 'A');
  const esm = pathToFileURL(path.join(FIXTURES, 'exports.mjs'));
  t.is(await resultOf({ module: esm, export: 'lower' }, ['A']), 'a');
  t.is(await resultOf({ module: esm.href }, ['four']), 4);
  t.is(await resultOf({ module: 'node:path', export: 'basename' }, ['/a/b']), 'b');
});

test('names that a function would miss are refused at construction, with their lines', (t) => {
  const factor = 2;
  let seen = 0;
  const error = t.throws(
    () =>
      new Process((value) => {
        seen += 1;
        return value * factor;
      }),
    { code: 'ERR_MULTIPROC_CLOSURE' },
  );
  t.deepEqual(error.names.map(({ name }) => name).sort(), ['factor', 'seen']);
  t.regex(error.stack, /target\.test\.js/);
  t.is(seen, 0);
});

test('targets that no process can run are refused at construction', (t) => {
  for (const target of [undefined, null, 7, 'text', {}, []]) {
    t.throws(() => new Process(target), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' });
  }
  const code = 'ERR_MULTIPROC_TARGET';
  t.throws(() => new Process(Math.max), { code });
  t.throws(() => new Process(class A {}), { code });
  t.throws(() => new Process((() => 1).bind(null)), { code });
  t.throws(() => new Process({ module: './is_not_there.js' }), { code, message: /is_not_there/ });
});

test('options that make no sense are refused at construction', (t) => {
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const target = () => 1;
  for (const args of [null, 'text', 7, { length: 1 }]) t.throws(() => new Process(target, { args }), type);
  for (const options of [null, 'text', 7, []]) t.throws(() => new Process(target, options), type);
  for (const signal of [null, {}, 'abort']) t.throws(() => new Process(target, { signal }), type);
  t.throws(() => new Process(target, { name: 7 }), type);
  t.throws(() => new Process(target, { name: '' }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.throws(() => new Process(target, { name: 'x'.repeat(201) }), { code: 'ERR_INVALID_ARG_VALUE' });
});

test('an export that is not there, or is no function, rejects the result and names those that are', async (t) => {
  const module = '../fixtures/process/exports.cjs';
  const code = 'ERR_MULTIPROC_TARGET';
  await t.throwsAsync(resultOf({ module, export: 'none' }), { code, message: /upper/ });
  await t.throwsAsync(resultOf({ module, export: 'notAFunction' }), { code, message: /must be a function, but is 7/ });
});

test('a module that throws while it loads rejects the result with its error as the cause', async (t) => {
  const child = new Process({ module: '../fixtures/process/breaks.cjs' }, { stdio: 'ignore' });
  child.start();
  const error = await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_TARGET' });
  t.true(error.cause instanceof RangeError);
  t.is(error.cause.message, 'this module does not load');
  await child.join();
  t.is(child.exitCode, 1);
});

test('an ES module imports the package and uses all three forms', async (t) => {
  const { code, stdout, stderr } = await run(path.join(FIXTURES, 'esm_caller.mjs'));
  t.is(stderr, '');
  t.is(code, 0);
  t.deepEqual(JSON.parse(stdout), { alone: 42, task: 9, module: 'abc', same: true });
});
