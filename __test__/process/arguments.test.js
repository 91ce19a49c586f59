'use strict';
// What travels into a Process: shared objects at any depth stay shared, what cannot travel stops the start.

const test = require('ava');
const { Barrier, Lock, Process, Semaphore, SharedArray, SharedValue, activeChildren, sharedBuffer } = require('../..');
const { guard } = require('../helpers/leaks');
const { descendants } = require('../helpers/processes');
const { blocksAreBackTo, liveBlocks, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

test.serial('shared objects nested deep in arguments are the same objects in the child', async (t) => {
  const lock = new Lock();
  const array = new SharedArray('f64', 3);
  const value = new SharedValue('i64', 5n);
  const semaphore = new Semaphore(3);
  const barrier = new Barrier(2);
  const memory = sharedBuffer(64);
  const numbers = new Int32Array(memory, 16, 4);
  const bytes = Buffer.from(memory, 8, 8);
  const child = new Process(
    async ({ list: [{ map }], set }, again) => {
      const { lock, array, value } = map.get('inner');
      const { semaphore, barrier, views } = [...set][0];
      const one = views.numbers.buffer === views.bytes.buffer && again === lock;
      lock.acquireSync();
      array.view[1] = 2.5;
      value.add(37n);
      semaphore.acquireSync();
      views.numbers[0] = -7;
      views.bytes[0] = 255;
      await barrier.wait(); // The parent looks while the lock is held.
      await barrier.wait();
      lock.release();
      return { one, kinds: [views.numbers.constructor.name, views.bytes.constructor.name, views.numbers.byteOffset] };
    },
    {
      args: [
        {
          list: [{ map: new Map([['inner', { lock, array, value }]]) }],
          set: new Set([{ semaphore, barrier, views: { numbers, bytes } }]),
        },
        lock,
      ],
    },
  );
  child.start();
  await barrier.wait({ timeout: 30_000 });
  t.true(lock.locked);
  t.is(lock.owner.pid, child.pid);
  t.false(lock.tryAcquire());
  t.deepEqual([...array.view], [0, 2.5, 0]);
  t.is(value.value, 42n);
  t.is(semaphore.value, 2);
  t.is(numbers[0], -7);
  t.is(bytes[0], 255);
  await barrier.wait({ timeout: 30_000 });
  t.true(await lock.acquire({ timeout: 30_000 }));
  t.is(lock.abandonedBy, null);
  lock.release();
  t.deepEqual(await child.result, { one: true, kinds: ['Int32Array', 'Buffer', 16] });
  await child.join();
});

test.serial('shared objects of an argument that is never read end with the child', async (t) => {
  const before = await liveBlocks();
  await (async () => {
    const child = new Process(() => {}, {
      args: [new Lock(), [new SharedArray('i32', 1000)]],
      execArgv: ['--bad-flag'],
      stdio: 'ignore',
    });
    child.start();
    await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_PROCESS_DIED' });
    await child.join();
    t.is(child.exitCode, 9);
  })();
  await blocksAreBackTo(before);
  t.pass();
});

test.serial('thirty processes with shared objects leave no block of shared memory', async (t) => {
  const before = await liveBlocks();
  await (async () => {
    for (let round = 0; round < 5; round += 1) {
      const children = Array.from({ length: 6 }, () => {
        const total = new SharedArray('i32', 4);
        const child = new Process((total) => ({ total, fresh: total.view.fill(1).length }), { args: [total] });
        return child.start();
      });
      for (const child of children) {
        const { total, fresh } = await child.result;
        t.deepEqual([fresh, ...total.view], [4, 1, 1, 1, 1]);
        await child.join();
      }
    }
  })();
  await blocksAreBackTo(before);
});

const refused = {
  'a function': () => 1,
  'a symbol': Symbol('s'),
  'a WeakMap': new WeakMap(),
  'a Promise': Promise.resolve(),
  'a SharedArrayBuffer of somebody else': new SharedArrayBuffer(8),
};
for (const [name, value] of Object.entries(refused)) {
  test.serial(`${name} among the arguments throws at start with its path, and nothing is started`, async (t) => {
    const before = { blocks: await liveBlocks(), below: descendants(process.pid).length };
    await (async () => {
      const child = new Process((a) => a, { args: [new Lock(), { rows: [1, 2, { value }] }] });
      const error = t.throws(() => child.start(), { name: 'SerializationError', code: 'ERR_MULTIPROC_SERIALIZE' });
      t.is(error.path, 'args[1].rows[2].value');
      t.true(error.message.startsWith(error.path));
      t.is(child.pid, null);
      t.false(child.isAlive());
      t.false(activeChildren().includes(child));
      await t.throwsAsync(child.join(), { code: 'ERR_MULTIPROC_NOT_STARTED' });
    })();
    t.is(descendants(process.pid).length, before.below);
    await blocksAreBackTo(before.blocks);
  });
}

test.serial('an unserialisable constant of scope is named as such', (t) => {
  const child = new Process(() => tools, { scope: { tools: { run: () => 1 } } });
  const error = t.throws(() => child.start(), { code: 'ERR_MULTIPROC_SERIALIZE' });
  t.is(error.path, 'scope.tools.run');
});

test.serial('a getter that throws is the cause of the refusal', (t) => {
  const cause = new Error('do not look');
  const value = {
    get bad() {
      throw cause;
    },
  };
  const error = t.throws(() => new Process((a) => a, { args: [[value]] }).start(), { code: 'ERR_MULTIPROC_SERIALIZE' });
  t.is(error.path, 'args[0][0].bad');
  t.is(error.cause, cause);
});

test.serial('twelve megabytes of arguments arrive whole', async (t) => {
  const bytes = Buffer.alloc(12 << 20, 7);
  bytes[bytes.length - 1] = 9;
  const child = new Process((bytes, text) => [bytes.length, bytes[5], bytes.at(-1), text.length], {
    args: [bytes, 'ü'.repeat(1 << 20)],
  });
  child.start();
  t.deepEqual(await child.result, [12 << 20, 7, 9, 1 << 20]);
  await child.join();
});
