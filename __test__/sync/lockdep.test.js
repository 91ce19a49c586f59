'use strict';
// MULTIPROC_LOCKDEP=1 tells of the first inversion of lock order, and of nothing else.

const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { warmUp } = require('../fixtures/sync/family');

guard(test, { warmUp });

const PROGRAM = path.join(__dirname, '..', 'fixtures', 'sync', 'lockdep.js');

async function told(t, program, env = { MULTIPROC_LOCKDEP: '1' }) {
  // A family of its own: the orders of other tests are none of its business.
  const surroundings = { ...env, MULTIPROC_DOMAIN: '', NODE_NO_WARNINGS: '1' };
  const { stdout, stderr, code } = await run(PROGRAM, [program], { env: surroundings });
  t.is(code, 0, stderr);
  const lines = stdout.trim().split('\n');
  t.is(lines.pop(), 'done');
  return lines;
}

for (const program of ['inversion', 'awaiting']) {
  test(`an inversion is told of once, though nothing hung: ${program}`, async (t) => {
    const lines = await told(t, program);
    t.is(lines.length, 1);
    t.regex(
      lines[0],
      /^MULTIPROC_LOCKDEP: lock order inversion: this flow of process (\d+) holds lock "b" and takes lock "a"/,
    );
    t.regex(lines[0], /lock "a" before lock "b" \(process \d+\)/);
  });
}

test('an inversion over three locks names each step', async (t) => {
  const [line] = await told(t, 'overThree');
  t.regex(line, /holds lock "c" and takes lock "a"/);
  t.regex(line, /lock "a" before lock "b" \(process \d+\), then lock "b" before lock "c" \(process \d+\)/);
});

test('re-entrant and reader-writer locks count, and re-entering is no order', async (t) => {
  const lines = await told(t, 'kinds');
  t.is(lines.length, 1);
  t.regex(lines[0], /holds lock "b" and takes lock "a"/);
});

test('an order that another process has taken, which has ended, is known', async (t) => {
  const lines = await told(t, 'processes');
  const pid = lines.find((line) => line.startsWith('child ')).slice(6);
  const warnings = lines.filter((line) => line.startsWith('MULTIPROC_LOCKDEP'));
  t.is(warnings.length, 1);
  t.true(warnings[0].includes(`lock "a" before lock "b" (process ${pid})`), warnings[0]);
});

for (const program of ['ordered', 'siblings']) {
  test(`nothing is told where the order is one: ${program}`, async (t) => {
    t.deepEqual(await told(t, program), []);
  });
}

test('without the variable nothing is watched', async (t) => {
  t.deepEqual(await told(t, 'inversion', { MULTIPROC_LOCKDEP: '' }), []);
});
