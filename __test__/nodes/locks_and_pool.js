'use strict';
// Locks between processes, a killed holder, a forked program, and the pool.

const assert = require('node:assert');
const { once } = require('node:events');
const { Barrier, Lock, Pool, Process, Semaphore, SharedArray, fork } = require('multiproc');

if (process.argv[2] === 'echo') {
  process.on('message', (message) => process.send({ back: message }));
} else {
  main();
}

async function main() {
  await contention();
  await holderKilled();
  await barrier();
  await roundTrip();
  await pool();
  console.log('ok');
}

async function contention() {
  const [lock, array] = [new Lock(), new SharedArray('i32', 1)];
  const add = async (shared, counter) => {
    for (let round = 0; round < 1000; round += 1) {
      if (round % 2 === 0) shared.acquireSync();
      else await shared.acquire();
      counter.view[0] = counter.view[0] + 1;
      shared.release();
    }
  };
  const children = [1, 2].map(() => new Process(add, { args: [lock, array] }).start());
  await Promise.all([add(lock, array), ...children.map(({ result }) => result)]);
  assert.strictEqual(array.view[0], 3000);
  await Promise.all(children.map((child) => child.join()));
}

async function holderKilled() {
  const [lock, ready] = [new Lock(), new Semaphore(0)];
  const holder = new Process(
    (shared, isReady) => {
      shared.acquireSync();
      isReady.release();
      for (;;);
    },
    { args: [lock, ready] },
  ).start();
  holder.result.catch(() => {});
  await ready.acquire();
  assert.strictEqual(lock.tryAcquire(), false);
  const acquired = lock.acquire({ timeout: 20_000 });
  holder.kill();
  assert.strictEqual(await acquired, true);
  assert.strictEqual(lock.abandonedBy.pid, holder.pid);
  lock.release();
  await holder.join();
}

async function barrier() {
  const meeting = new Barrier(2);
  const child = new Process((shared) => shared.wait(), { args: [meeting] }).start();
  assert.strictEqual((await meeting.wait()) + (await child.result), 1);
  await child.join();
}

async function roundTrip() {
  const child = fork(__filename, ['echo'], { serialization: 'advanced' });
  child.send({ big: 12n, map: new Map([[1, 2]]) });
  const [{ back }] = await once(child, 'message');
  assert.deepStrictEqual(back, { big: 12n, map: new Map([[1, 2]]) });
  child.disconnect();
  assert.deepStrictEqual(await once(child, 'exit'), [0, null]);
}

async function pool() {
  const workers = new Pool({ workers: 2 });
  const items = Array.from({ length: 1000 }, (_, index) => index);
  const results = await workers.map((item) => item * 2, items);
  assert.deepStrictEqual(
    results,
    items.map((item) => item * 2),
  );
  assert.strictEqual(await workers.run((a, b) => a + b, 1, 2), 3);
  workers.close();
  await workers.join();
}
