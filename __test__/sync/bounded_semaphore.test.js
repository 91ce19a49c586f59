'use strict';
// BoundedSemaphore: permits belong to their holders. Time limits, aborts, names and the like are tested with all others
// in waitables.test.js.

const path = require('node:path');
const test = require('ava');
const { BoundedSemaphore, Process, SharedArray } = require('../..');
const { BOUND, kill, milliseconds, posted, ready, startWorker, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

const target = { module: path.join(__dirname, '..', 'fixtures', 'sync', 'hammers.js'), export: 'hammerPermits' };
const ALL_FREE = { name: 'MultiprocError', code: 'ERR_MULTIPROC_SEM_BOUND' };

guard(test, { warmUp });

/** Takes so many permits and does nothing more. */
function holds(isReady, semaphore, count) {
  for (let turn = 0; turn < count; turn += 1) semaphore.acquireSync();
  isReady.release();
  return new Promise(() => setInterval(() => semaphore, 60_000));
}

function acquires(begins, semaphore) {
  begins.release();
  const acquired = semaphore.acquireSync(20_000);
  semaphore.release();
  return acquired;
}

test.serial('smoke: taken and given back in every way', async (t) => {
  const semaphore = new BoundedSemaphore(3);
  t.is(semaphore.value, 3);
  t.is(semaphore.bound, 3);
  t.true(await semaphore.acquire());
  t.true(semaphore.acquireSync());
  t.true(semaphore.tryAcquire());
  t.is(semaphore.value, 0);
  t.false(semaphore.tryAcquire());
  t.is(semaphore.release(), undefined);
  t.is(semaphore.value, 1);
  t.is(await semaphore.run(async () => semaphore.value), 0);
  t.is(
    semaphore.runSync(() => semaphore.value),
    0,
  );
  t.is(semaphore.value, 1);
  t.is(new BoundedSemaphore().bound, 1);
  t.is(new BoundedSemaphore(65_536).value, 65_536);
});

test.serial('CPython 21: at zero: at once, at once, and after its time', async (t) => {
  const semaphore = new BoundedSemaphore(1);
  semaphore.acquireSync();
  for (const limit of [0, -5, 100, 150]) {
    for (const wait of [() => semaphore.acquireSync(limit), () => semaphore.acquire({ timeout: limit })]) {
      const begun = milliseconds();
      t.false(await wait());
      t.true(milliseconds() - begun >= limit - 0.1);
    }
  }
  t.false(semaphore.tryAcquire());
});

test.serial('CPython 22: of two permits, all free, releasing one is an error', (t) => {
  const semaphore = new BoundedSemaphore(2);
  t.throws(() => semaphore.release(), ALL_FREE);
  semaphore.acquireSync();
  semaphore.acquireSync();
  semaphore.release();
  semaphore.release();
  t.throws(() => semaphore.release(), ALL_FREE);
  t.is(semaphore.value, 2, 'the refused release changed nothing');
});

test.serial('any thread may release, and what it releases is free for all', async (t) => {
  const semaphore = new BoundedSemaphore(2);
  semaphore.acquireSync();
  const child = new Process(
    (there) => {
      there.release();
      try {
        return there.release();
      } catch (error) {
        return [error.code, there.value];
      }
    },
    { args: [semaphore] },
  ).start();
  t.deepEqual(await child.result, ['ERR_MULTIPROC_SEM_BOUND', 2]);
  await child.join();
  t.is(semaphore.value, 2);
});

test.serial('contention: never more than three of four are inside', async (t) => {
  const rounds = 800;
  const semaphore = new BoundedSemaphore(3, { name: 'contended' });
  const { view } = new SharedArray('i32', 8);
  const args = [semaphore, view, rounds, 3];
  const children = [1, 2, 3].map(() => new Process(target, { args }).start());
  const worker = startWorker(t, 'hammerPermits', 'contended', view, rounds, 3);
  const ended = [...children.map((child) => child.result), posted(worker)];
  t.deepEqual(await Promise.all(ended), ['done', 'done', 'done', 'done']);
  t.is(view[2], 0, 'more were inside than there are permits');
  t.is(view[0], 4 * rounds);
  t.is(semaphore.value, 3);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('holder_killed_its_permits_come_back_and_waiters_in_both_forms_get_them', async (t) => {
  const semaphore = new BoundedSemaphore(3);
  const holder = await ready(t, holds, semaphore, 3);
  t.is(semaphore.value, 0);
  const there = await ready(t, acquires, semaphore);
  const here = [semaphore.acquire({ timeout: BOUND }), semaphore.acquire({ timeout: BOUND })];
  await kill(holder);
  t.deepEqual(await Promise.all([...here, there.result]), [true, true, true]);
  t.is(semaphore.value, 1);
  semaphore.release();
  semaphore.release();
  t.throws(() => semaphore.release(), ALL_FREE, 'the dead one holds nothing that could be released');
});

test.serial('holder_killed_while_nobody_waits_the_value_is_whole', async (t) => {
  const semaphore = new BoundedSemaphore(2);
  const holder = await ready(t, holds, semaphore, 1);
  semaphore.acquireSync();
  t.is(semaphore.value, 0);
  await kill(holder);
  await until('the death is known', () => semaphore.value === 1);
  t.true(semaphore.tryAcquire());
  t.is(semaphore.value, 0);
});

test.serial('holder_that_ends_in_good_order_gives_its_permits_back', async (t) => {
  const semaphore = new BoundedSemaphore(1);
  const child = new Process((there) => there.acquireSync(), { args: [semaphore] }).start();
  t.true(await child.result);
  await child.join();
  t.true(await semaphore.acquire({ timeout: BOUND }));
});

test.serial('worker_thread_terminated_its_permits_come_back', async (t) => {
  const semaphore = new BoundedSemaphore(1, { name: 'in a thread' });
  const worker = startWorker(t, 'keep', 'BoundedSemaphore', 'in a thread', 'acquireSync', 1);
  t.is(await posted(worker), 'held');
  t.is(semaphore.value, 0);
  const acquired = semaphore.acquire({ timeout: BOUND });
  await worker.terminate();
  t.true(await acquired);
});

test.serial('arguments out of range or of the wrong kind throw with a code', (t) => {
  const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  for (const value of [0, -1, 1.5, 65_537, Number.NaN]) t.throws(() => new BoundedSemaphore(value), range);
  for (const value of ['1', null, 1n]) t.throws(() => new BoundedSemaphore(value), type);
  const semaphore = new BoundedSemaphore(2);
  semaphore.acquireSync();
  semaphore.acquireSync();
  t.throws(() => semaphore.release(2), range, 'one at a time');
  t.throws(() => semaphore.release('1'), type);
  t.is(semaphore.value, 0);
});

test.serial('names: another number of permits is refused', (t) => {
  const semaphore = new BoundedSemaphore(2, { name: 'bounded' });
  t.throws(() => new BoundedSemaphore(3, { name: 'bounded' }), {
    code: 'ERR_MULTIPROC_NAME',
    message: /2 permits, not 3/,
  });
  new BoundedSemaphore(2, { name: 'bounded' }).acquireSync();
  t.is(semaphore.value, 1);
});
