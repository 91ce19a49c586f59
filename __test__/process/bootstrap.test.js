'use strict';
// A script that starts processes at its top level is not started again and again by its own children.

const path = require('node:path');
const test = require('ava');
const { whileLoading } = require('../../lib/process/loading');
const role = require('../../lib/process/role');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'process', name);

test('a process that is started while a child loads its module is refused with the way out', async (t) => {
  const { code, stdout } = await run(fixture('unguarded.cjs'));
  t.is(stdout, 'ERR_MULTIPROC_TARGET ERR_MULTIPROC_BOOTSTRAP true\n');
  t.is(code, 0);
});

test('a pool that is used while a worker loads its module is refused', async (t) => {
  const { stdout } = await run(fixture('unguarded_pool.mjs'));
  t.is(stdout, 'ERR_MULTIPROC_TARGET ERR_MULTIPROC_BOOTSTRAP\n');
});

for (const [file, kind, expected] of [
  ['unguarded_later.cjs', 'Process', '0 1 ERR_MULTIPROC_BOOTSTRAP'],
  ['unguarded_later.cjs', 'Pool', '0 1 ERR_MULTIPROC_BOOTSTRAP'],
  ['unguarded_later.cjs', 'fork', '0 1 ERR_MULTIPROC_BOOTSTRAP'],
  ['unguarded_later.mjs', 'Process', '0 1 ERR_MULTIPROC_BOOTSTRAP'],
]) {
  test(`a top level that waits before it starts a process is refused as well: ${kind}, ${file.slice(-4)}`, async (t) => {
    const { stdout } = await run(fixture(file), [], { env: { KIND: kind } });
    t.is(stdout.trim().split('\n').join(' '), expected);
  });
}

// Before Node.js 24 every await costs more as long as the storage is active.
test('a module that has begun nothing leaves no storage behind', (t) => {
  t.is(
    whileLoading('file:///a', () => role.loading.getStore()),
    'file:///a',
  );
  t.false(role.bootstrapping);
  t.falsy(role.loading.enabled);
  const later = new Promise((resolve) => {
    whileLoading('file:///b', () => setImmediate(() => resolve(role.loading.getStore())));
  });
  whileLoading('file:///c', () => {});
  t.throws(
    () =>
      whileLoading('file:///d', () => {
        throw new Error('it fails');
      }),
    { message: 'it fails' },
  );
  t.false(role.bootstrapping);
  return later.then((store) => t.is(store, 'file:///b'));
});

test('what a function starts is free, whatever the top level of its module has begun', async (t) => {
  const { stdout, stderr } = await run(fixture('guarded_later.cjs'));
  t.is(stderr, '');
  t.deepEqual(JSON.parse(stdout), {
    descend: Array(4).fill('ready'),
    early: 'early',
    listens: ['ready'],
    pools: ['ready'],
    worker: ['ready', 'ready'],
  });
});

test('with the guard, a task may start processes of its own', async (t) => {
  const { code, stdout, stderr } = await run(fixture('guarded.cjs'));
  t.is(stderr, '');
  t.deepEqual(JSON.parse(stdout), ['Process-1', 'Process-1:1', 'leaf']);
  t.is(code, 0);
});
