'use strict';

const test = require('ava');
const { command, readOptions } = require('../../stress/options');
const { select, workloads } = require('../../stress/workloads');

test('without options it is what CI runs, with a seed of its own', (t) => {
  const options = readOptions([], {});
  t.is(options.kills, 200);
  t.is(options.seconds, Number.POSITIVE_INFINITY);
  t.is(options.selected.length, workloads.length);
  t.regex(options.seed, /^\d+$/);
  t.is(command(options, workloads), `SEED=${options.seed} npm run test:stress -- --kills 200`);
});

test('seed, limits and primitives are taken, and the command says the same', (t) => {
  const args = ['--kills', '7', '--seconds', '9', '--only', 'lock', '--only', 'RwLock', '--net'];
  const options = readOptions(args, { SEED: 'abc' });
  t.like(options, { seed: 'abc', kills: 7, seconds: 9, hasNet: true });
  t.deepEqual(
    options.selected.map((number) => workloads[number].name),
    ['Lock', 'RwLock'],
  );
  const again = 'SEED=abc npm run test:stress -- --kills 7 --seconds 9 --only Lock --only RwLock --net';
  t.is(command(options, workloads), again);
});

test('a time alone is a limit alone', (t) => {
  const options = readOptions(['--seconds', '5'], { SEED: '1' });
  t.true(options.kills >= 500);
  t.is(command(options, workloads), 'SEED=1 npm run test:stress -- --seconds 5');
});

test('what is no option, no number or no primitive is refused', (t) => {
  t.throws(() => readOptions(['--kill', '7'], {}), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' });
  for (const kills of ['0', '-1', '1.5', 'many'])
    t.throws(() => readOptions([`--kills=${kills}`], {}), { message: /--kills/ });
  t.throws(() => select(['Mutex']), { message: /no primitive Mutex; there are Lock, RLock/ });
});
