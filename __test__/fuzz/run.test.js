'use strict';
// The fuzzer's command line.

const path = require('node:path');
const test = require('ava');
const { readOptions } = require('../../fuzz/run.js');
const { run } = require('../helpers/run.js');

const PROGRAM = path.join(__dirname, '../../fuzz/run.js');

test('a_run_tells_its_seed_and_its_rounds_and_ends_with_0_without_a_finding', async (t) => {
  const { code, stdout, stderr } = await run(PROGRAM, ['--seconds', '1', '--seed', '5'], { timeout: 60_000 });
  t.is(code, 0, stdout + stderr);
  t.regex(stdout, /^fuzz: seed 5, 1 s$/m);
  t.regex(stdout, /^ +\d+ {2}value$/m);
  t.regex(stdout, /^fuzz: [1-9]\d* rounds, 0 findings, \d+ MB/m);
});

test('options_that_are_none_are_refused', async (t) => {
  t.throws(() => readOptions(['--seconds', '0']), { message: /--seconds 0: expected an integer from 1/ });
  t.throws(() => readOptions(['--seed', '-1']));
  t.throws(() => readOptions(['--sed', '1']));
  t.deepEqual(readOptions(['--seconds', '5', '--seed', '7', '--from', '9']), { seconds: 5, seed: 7, first: 9 });
  const { code, stderr } = await run(PROGRAM, ['--seed', 'x']);
  t.is(code, 2);
  t.regex(stderr, /npm run fuzz -- \[--seconds S\]/);
});
