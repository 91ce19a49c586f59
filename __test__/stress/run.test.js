'use strict';
// The stress program as a whole: a short run passes, and one with a broken lock fails and says how to repeat it.

const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

const program = path.join(__dirname, '../../stress/run.js');
const fixture = (name) => path.join(__dirname, 'fixtures', name);

guard(test);

test.serial('a short run passes, and its first line is the seed', async (t) => {
  const args = ['--kills', '4', '--only', 'Lock', '--only', 'Barrier'];
  const { code, stdout, stderr } = await run(program, args, { env: { SEED: '7' }, timeout: 100_000 });
  t.is(code, 0, stdout + stderr);
  t.is(stdout.split('\n')[0], `seed 7: SEED=7 npm run test:stress -- ${args.join(' ')}`);
  t.regex(stdout, /^Lock +[\d,]+ /m);
  t.regex(stdout, /^[45] kills .*; faults: 0$/m);
  t.regex(stdout, /^stress: passed, seed 7$/m);
});

test.serial('a fault fails the run, which tells what it was and who was at what', async (t) => {
  const env = { SEED: '8', NODE_OPTIONS: `--require ${fixture('lets_two_in.js')}` };
  const { code, stdout } = await run(program, ['--seconds', '60', '--only', 'Lock'], { env, timeout: 100_000 });
  t.is(code, 1);
  t.regex(stdout, /^- Lock: life \d+ .*(came in while life \d+ .* was inside|is inside|was inside|not held)/m);
  t.regex(stdout, /^ {2}life \d+ in seat \d, process \d+/m);
  t.regex(stdout, /^Lock:\n {2}inside: /m);
  t.regex(stdout, /^stress: FAILED, seed 8$/m);
});

test.serial('wrong options are refused', async (t) => {
  const { code, stdout, stderr } = await run(program, ['--only', 'Mutex']);
  t.is(code, 2);
  t.is(stdout, '');
  t.regex(stderr, /no primitive Mutex/);
});
