'use strict';
// A script that starts processes at its top level is not started again and again by its own children.

const path = require('node:path');
const test = require('ava');
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

// The start that the module has put off runs when the module counts as loaded.
test.failing('a top level that waits before it starts a process is refused as well', async (t) => {
  const { stdout } = await run(fixture('unguarded_later.cjs'));
  t.false(stdout.includes('2'), `a child of a child was started: ${JSON.stringify(stdout)}`);
});

test('with the guard, a task may start processes of its own', async (t) => {
  const { code, stdout, stderr } = await run(fixture('guarded.cjs'));
  t.is(stderr, '');
  t.deepEqual(JSON.parse(stdout), ['Process-1', 'Process-1:1', 'leaf']);
  t.is(code, 0);
});
