'use strict';
// A daemon may clean up when its parent ends, however that ends, and has bounded time for it.

const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { isGone, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp, patience: 5000 });

/** What the processes said, in order, and their pids, when all of them have closed their stdout. */
async function family(...args) {
  const { stdout, code, signal } = await run(path.join(__dirname, '../fixtures/process/has_child.cjs'), args);
  const lines = stdout.trim().split('\n');
  const pids = lines.flatMap((line) => Number(line.split(' ')[1]) || []);
  return { said: lines.filter((line) => line.endsWith('cleaned')), pids, code, signal };
}

async function allAreGone(t, pids, count) {
  t.is(pids.length, count);
  await until(() => pids.every(isGone), 'they have ended');
}

for (const [ending, status] of [
  ['return', [0, null]],
  ['exit', [0, null]],
  ['throw', [1, null]],
  ['SIGTERM', [null, 'SIGTERM']],
  ['SIGKILL', [null, 'SIGKILL']],
]) {
  test.serial(`a daemon gets SIGTERM and cleans up when its parent ends by ${ending}`, async (t) => {
    const { said, pids, code, signal } = await family('daemon', ending);
    t.deepEqual([code, signal], status);
    t.deepEqual(said, ['outer cleaned']);
    await allAreGone(t, pids, 1);
  });
}

test.serial('a daemon that does not heed SIGTERM is killed', async (t) => {
  const { said, pids } = await family('deaf', 'SIGKILL');
  t.deepEqual(said, []);
  await allAreGone(t, pids, 1);
});

test.serial('a daemon that stands still when its parent is killed cleans up as well', async (t) => {
  const { said, pids } = await family('stopped', 'SIGKILL');
  t.deepEqual(said, ['outer cleaned']);
  await allAreGone(t, pids, 1);
});

test.serial(
  'below a daemon each daemon cleans up when the one above it has ended, and the others end at once',
  async (t) => {
    const { said, pids } = await family('tree', 'SIGKILL');
    t.deepEqual(said, ['outer cleaned', 'inner cleaned']);
    await allAreGone(t, pids, 3);
  },
);

test.serial('a process that is no daemon has no time to clean up', async (t) => {
  const { said, pids } = await family('plain', 'SIGKILL');
  t.deepEqual(said, []);
  await allAreGone(t, pids, 1);
});
