'use strict';
// getLogger(): one count for all processes, a level that is inherited.

const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

guard(test);

const file = path.join(__dirname, '..', 'fixtures', 'process', 'logs.js');
const PATTERN = /^(\d+) (\d+) (\S+) (\w+): (.*)$/;

async function lines(args, env) {
  const { stderr, stdout, code } = await run(file, args, { env: { MULTIPROC_LOG: undefined, ...env } });
  const parsed = stderr
    .trim()
    .split('\n')
    .map((line) => PATTERN.exec(line)?.slice(1) ?? line);
  return { code, stdout, parsed };
}

test.serial('each line has the next number, the pid and the name', async (t) => {
  const { code, stdout, parsed } = await lines(['race']);
  t.is(code, 0);
  const pids = JSON.parse(stdout);
  t.is(parsed.length, 1 + 3 * 50);
  const numbers = parsed.map(([number]) => Number(number));
  t.deepEqual(
    [...numbers].sort((a, b) => a - b),
    numbers.map((_, index) => index),
  );
  for (const [index, pid] of pids.entries()) {
    const own = parsed.filter(([, from]) => Number(from) === pid).sort(([a], [b]) => a - b);
    t.deepEqual(new Set(own.map(([, , name]) => name)), new Set([`logs-${index}`]));
    t.deepEqual(
      own.map(([, , , , text]) => text),
      Array.from({ length: 50 }, (_, line) => `line ${line} { n: ${line} }`),
    );
  }
});

test.serial('each line of a text has a number of its own', async (t) => {
  const { parsed } = await lines(['text']);
  t.deepEqual(
    parsed.map(([number, , , level, text]) => [number, level, text]),
    [
      ['0', 'error', 'one'],
      ['1', 'error', 'two { three: 3 }'],
    ],
  );
});

test.serial('the level is inherited by what is started later, and filters', async (t) => {
  const expect = async (env, texts) => {
    const { parsed } = await lines(['levels'], env);
    t.deepEqual(
      parsed.map(([, , name, level, text]) => [name, level, text].join(' ')),
      texts,
    );
  };
  await expect({}, [
    'MainProcess error e',
    'MainProcess warn w',
    'child error e',
    'child warn w',
    'child info i',
    'forked error e',
    'forked warn w',
    'forked info i',
  ]);
  await expect({ MULTIPROC_LOG: 'error' }, [
    'MainProcess error e',
    'child error e',
    'child warn w',
    'child info i',
    'forked error e',
    'forked warn w',
    'forked info i',
  ]);
});

test('a level that there is not is refused', (t) => {
  const { getLogger } = require('../..');
  t.is(getLogger(), getLogger());
  t.throws(
    () => {
      getLogger().level = 'loud';
    },
    { code: 'ERR_INVALID_ARG_VALUE', message: /silent.*debug/ },
  );
});
