'use strict';
// defineTasks(): functions that a child imports by file and name.

const test = require('ava');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { defineTasks, describeTarget, loadTarget } = require('../../lib/target');
const { runInChild } = require('../fixtures/target/run_in_child');

const FIXTURES = path.join(__dirname, '..', 'fixtures', 'target');
const url = (name) => pathToFileURL(path.join(FIXTURES, name)).href;

test('tasks of a CommonJS file run here and in a child, synchronously too', async (t) => {
  const tasks = require('../fixtures/target/tasks.cjs');
  t.is(tasks.triple(2), 6);
  const description = describeTarget(tasks.triple);
  t.deepEqual(
    { ...description },
    { form: 'task', key: `task:${url('tasks.cjs')}#triple`, file: url('tasks.cjs'), name: 'triple' },
  );
  t.is(describeTarget(tasks.triple), description);
  t.like(await runInChild(description, [5]), { value: 15, cached: true });
  t.is((await runInChild(description, [5], { sync: true })).value, 15);
  t.is((await runInChild(describeTarget(tasks.later), [5])).value, 8);
});

test('tasks of an ES module run in a child, although it has another copy of the package', async (t) => {
  const tasks = await import('../fixtures/target/tasks.mjs');
  t.is((await runInChild(describeTarget(tasks.double), [5])).value, 10);
  t.is((await runInChild(describeTarget(tasks.where))).value, url('tasks.mjs'));
  t.true((await runInChild(describeTarget(tasks.double), [5], { sync: true })).async);
});

test('the same file under another query is another module, and the child imports that one', async (t) => {
  const tasks = await import('../fixtures/target/tasks.mjs?again');
  t.is((await runInChild(describeTarget(tasks.where))).value, `${url('tasks.mjs')}?again`);
});

test('a TypeScript file runs where Node strips types, and is refused with the fix where it does not', async (t) => {
  const description = { form: 'task', key: 'ts', file: url('tasks.mts'), name: 'negate' };
  if (process.features.typescript) {
    const { value } = await runInChild(description, [5], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    t.is(value, -5);
  } else {
    const { error } = await runInChild(description, [5]);
    t.is(error.code, 'ERR_MULTIPROC_TARGET');
    t.regex(error.message, /cannot load it.*22\.18.*--import tsx/);
  }
});

test('a task that the file does not define is an error that lists those it does', async (t) => {
  const missing = await runInChild({ form: 'task', key: 'a', file: url('tasks.cjs'), name: 'none' });
  t.like(missing.error, { code: 'ERR_MULTIPROC_TARGET' });
  t.regex(missing.error.message, /no task "none".*triple, later, where/);
  const none = await runInChild({ form: 'task', key: 'b', file: url('other_tasks.cjs'), name: 'triple' });
  t.regex(none.error.message, /tasks found: none/);
});

test('defineTasks returns the same functions, frozen, and takes own enumerable ones', (t) => {
  const f = (x) => x;
  const tasks = defineTasks(__filename, { f, g: Math.max });
  t.is(tasks.f, f);
  t.true(Object.isFrozen(tasks));
  t.is(describeTarget(tasks.g).name, 'g');
  t.deepEqual(Object.keys(defineTasks(new URL(pathToFileURL(__filename)), Object.create({ h: f }))), []);
});

test('arguments that make no sense are refused', (t) => {
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const value = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' };
  for (const file of [undefined, null, 7, {}])
    t.throws(() => defineTasks(file, {}), { ...type, message: /^defineTasks\(\): "file"/ });
  for (const file of ['', './tasks.js', 'https://example.org/a.js', 'tasks'])
    t.throws(() => defineTasks(file, {}), value);
  for (const tasks of [undefined, null, [], 'a', () => 1])
    t.throws(() => defineTasks(__filename, tasks), { ...type, message: /"tasks"/ });
  for (const task of [undefined, 7, {}, 'x'])
    t.throws(() => defineTasks(__filename, { a: task }), { ...type, message: /"tasks\.a"/ });
  t.throws(() => defineTasks(__filename, { A: class A {} }), value);
});

test('a file that does not exist is refused when a process is to run the task', (t) => {
  const { f } = defineTasks('/none/none.js', { f() {} });
  t.throws(() => describeTarget(f, { call: 'new Process' }), {
    code: 'ERR_MULTIPROC_TARGET',
    message: /^new Process: .*does not exist.*import\.meta\.url/,
  });
});

test('a name that was given to another function since is refused; the same text again is not', (t) => {
  const first = defineTasks(__filename, {
    again() {
      return 1;
    },
  });
  defineTasks(__filename, {
    again() {
      return 1;
    },
  });
  t.notThrows(() => describeTarget(first.again));
  defineTasks(__filename, {
    again() {
      return 2;
    },
  });
  t.throws(() => describeTarget(first.again), { code: 'ERR_MULTIPROC_TARGET', message: /defined again/ });
});

test('loading in the defining process gives the very function', async (t) => {
  const { own } = defineTasks(__filename, { own() {} });
  t.is(await loadTarget(describeTarget(own)), own);
});
