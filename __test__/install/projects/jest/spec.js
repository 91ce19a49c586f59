'use strict';

const { Lock, SharedArray, Pool } = require('multiproc');

let pool;

beforeAll(() => {
  pool = new Pool({ workers: 2 });
});

afterAll(async () => {
  await pool.close();
  await pool.join();
});

test('a lock excludes', async () => {
  const lock = new Lock();
  await expect(lock.acquire()).resolves.toBe(true);
  expect(lock.tryAcquire()).toBe(false);
  lock.release();
  expect(lock.tryAcquire()).toBe(true);
  lock.release();
});

test('workers add to a shared array', async () => {
  const lock = new Lock();
  const cells = new SharedArray('i32', 4);
  const squares = await pool.map(
    (job) => {
      job.lock.acquireSync();
      job.cells.view[0] += job.n;
      job.lock.release();
      return job.n * job.n;
    },
    [1, 2, 3, 4].map((n) => ({ lock, cells, n })),
  );
  expect(squares).toEqual([1, 4, 9, 16]);
  expect(cells.view[0]).toBe(10);
});

test('a failing task rejects with its error', async () => {
  await expect(
    pool.run(() => {
      throw new RangeError('on purpose');
    }),
  ).rejects.toThrow('on purpose');
});
