'use strict';
// RLock: its owner is a process, a thread and an asynchronous flow. Time limits, aborts, names and the like are tested
// with all others in waitables.test.js.

const path = require('node:path');
const test = require('ava');
const { Process, RLock, SharedArray } = require('../..');
const { BOUND, kill, milliseconds, posted, ready, startWorker, until, warmUp } = require('../fixtures/sync/family');
const { situations } = require('../fixtures/sync/flows');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'sync', name);
const target = (name) => ({ module: fixture('hammers.js'), export: name });

guard(test, { warmUp });

for (const [title, situation] of Object.entries(situations)) {
  test.serial(`flows: ${title}`, async (t) => {
    const [found, expected] = await situation();
    t.deepEqual(found, expected);
  });
}

/** Holds the lock three times and then does nothing more. */
function holds(isReady, lock) {
  for (let turn = 0; turn < 3; turn += 1) lock.acquireSync();
  isReady.release();
  return new Promise(() => setInterval(() => lock, 60_000));
}

/** Blocks until it has the lock, twice, and tells whom it has it from each time. */
function acquires(begins, lock) {
  begins.release();
  return lock.runSync(() => {
    const first = lock.abandonedBy;
    return lock.runSync(() => [first, lock.abandonedBy, lock.count]);
  });
}

test.serial('smoke: counted in every way, and who holds it', async (t) => {
  const lock = new RLock();
  t.is(lock.count, 0);
  t.false(lock.locked);
  t.is(lock.owner, null);
  t.true(await lock.acquire());
  t.true(lock.acquireSync(0));
  t.true(lock.tryAcquire());
  t.is(lock.count, 3);
  t.deepEqual(lock.owner, { pid: process.pid, threadId: process.pid, name: '' });
  t.is(lock.abandonedBy, null);
  t.is(await lock.run(() => lock.count), 4);
  t.is(
    lock.runSync(() => lock.count),
    4,
  );
  for (let turn = 0; turn < 3; turn += 1) t.is(lock.release(), undefined);
  t.is(lock.count, 0);
  t.false(lock.locked);
  t.throws(() => lock.release(), { code: 'ERR_MULTIPROC_LOCK_NOT_HELD' });
});

test.serial('CPython 20: acquired three times, the fourth release is the first that fails', (t) => {
  const lock = new RLock();
  for (let turn = 0; turn < 3; turn += 1) t.true(lock.acquireSync());
  for (let turn = 0; turn < 3; turn += 1) t.notThrows(() => lock.release());
  t.throws(() => lock.release(), { name: 'MultiprocError', code: 'ERR_MULTIPROC_LOCK_NOT_HELD' });
});

test.serial('contention: three processes and a worker thread exclude each other', async (t) => {
  const rounds = 600;
  const lock = new RLock({ name: 'contended' });
  const { view } = new SharedArray('i32', 8);
  const children = [1, 2, 3].map(() => new Process(target('hammerRLock'), { args: [lock, view, rounds] }).start());
  const worker = startWorker(t, 'hammerRLock', 'contended', view, rounds);
  const ended = [...children.map((child) => child.result), posted(worker)];
  t.deepEqual(await Promise.all(ended), ['done', 'done', 'done', 'done']);
  t.is(view[2], 0, 'two were inside at once');
  t.is(view[0], (4 * rounds * 3) / 2, 'an addition was lost');
  t.false(lock.locked);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('release by another process or thread is refused, and changes nothing', async (t) => {
  const lock = new RLock({ name: 'refused' });
  await lock.run(async () => {
    const child = new Process(
      (there) => {
        try {
          return there.release();
        } catch (error) {
          return [error.code, there.locked, there.count];
        }
      },
      { args: [lock] },
    ).start();
    t.deepEqual(await child.result, ['ERR_MULTIPROC_LOCK_NOT_OWNER', true, 0]);
    await child.join();
    t.is(await posted(startWorker(t, 'codeThere', 'RLock', 'refused', 'release')), 'ERR_MULTIPROC_LOCK_NOT_OWNER');
    t.is(lock.count, 1);
  });
  t.is(await posted(startWorker(t, 'codeThere', 'RLock', 'refused', 'release')), 'ERR_MULTIPROC_LOCK_NOT_HELD');
});

test.serial('holder_killed_with_a_count_of_three_the_waiters_get_it_and_one_knows', async (t) => {
  const lock = new RLock();
  const holder = await ready(t, holds, lock);
  t.is(lock.owner.pid, holder.pid);
  const there = await ready(t, acquires, lock);
  const here = lock.run(async () => [lock.abandonedBy, await lock.run(() => lock.abandonedBy), lock.count], {
    timeout: BOUND,
  });
  const killedAt = await kill(holder);
  const found = await Promise.all([here, there.result]);
  t.log(`both had it within ${(milliseconds() - killedAt).toFixed(0)} ms`);
  const knew = found.filter(([first]) => first !== null);
  t.is(knew.length, 1, 'one has it from the dead, the other in good order');
  for (const agent of knew[0].slice(0, 2)) t.is(agent.pid, holder.pid);
  t.false(lock.locked);
  lock.acquireSync();
  t.is(lock.abandonedBy, null);
  lock.release();
});

test.serial('holder_killed_while_nobody_waits_the_next_to_try_gets_it_and_knows', async (t) => {
  const lock = new RLock();
  const holder = await ready(t, holds, lock);
  t.false(lock.tryAcquire());
  await kill(holder);
  await until('the death is known', () => lock.tryAcquire());
  t.is(lock.abandonedBy.pid, holder.pid);
  t.is(lock.count, 1);
  lock.release();
});

test.serial('worker_thread_terminated_while_it_holds_the_lock_the_next_waiter_knows', async (t) => {
  const lock = new RLock({ name: 'held in a thread' });
  const worker = startWorker(t, 'keep', 'RLock', 'held in a thread', 'acquireSync');
  t.is(await posted(worker), 'held');
  const { threadId } = lock.owner;
  t.not(threadId, process.pid);
  const acquired = lock.acquire({ timeout: BOUND });
  await worker.terminate();
  t.true(await acquired);
  t.is(lock.abandonedBy.threadId, threadId);
  lock.release();
});

test.serial('several waits of one thread get the lock in their order', async (t) => {
  const lock = new RLock();
  const order = [];
  const runs = [0, 1, 2, 3].map((number) => lock.run(() => order.push(number)));
  await Promise.all(runs);
  t.deepEqual(order, [0, 1, 2, 3]);
});

test.serial('what run() throws comes out, and the lock is given back', async (t) => {
  const lock = new RLock();
  const failure = new Error('inside');
  const fails = () => {
    throw failure;
  };
  t.is(await t.throwsAsync(lock.run(fails)), failure);
  t.is(
    t.throws(() => lock.runSync(fails)),
    failure,
  );
  t.is(await t.throwsAsync(lock.run(() => lock.run(async () => fails()))), failure);
  t.false(lock.locked);
  await t.throwsAsync(lock.run('fn'), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => lock.runSync(), { code: 'ERR_INVALID_ARG_TYPE' });
});

test.serial('a program without an RLock has no storage for the asynchronous context', async (t) => {
  const { stdout, stderr, code } = await run(fixture('no_storage.js'));
  t.is(code, 0, stderr);
  t.is(stdout, '0 1\n');
});
