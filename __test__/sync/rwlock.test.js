'use strict';
// RwLock: many readers or one writer. Time limits, aborts, names and the like are tested with all others in
// waitables.test.js.

const path = require('node:path');
const test = require('ava');
const { Process, RwLock, SharedArray } = require('../..');
const { BOUND, kill, posted, ready, startWorker, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

const target = { module: path.join(__dirname, '..', 'fixtures', 'sync', 'hammers.js'), export: 'hammerRwLock' };
const NOT_OWNER = { name: 'MultiprocError', code: 'ERR_MULTIPROC_LOCK_NOT_OWNER' };

guard(test, { warmUp });

/** Takes the lock by that method and does nothing more. */
function holds(isReady, lock, method) {
  lock[method]();
  isReady.release();
  return new Promise(() => setInterval(() => lock, 60_000));
}

/** Waits for the lock, in one of the four ways; the result is whose death passed it on. */
function waits(begins, lock, method) {
  begins.release();
  const pending = lock[method](() => lock.abandonedBy?.pid ?? null);
  return pending;
}

test.serial('smoke: read together, written alone, in every way', async (t) => {
  const lock = new RwLock();
  t.is(lock.readers, 0);
  t.is(lock.writer, null);
  t.true(await lock.acquireRead());
  t.true(lock.acquireReadSync());
  t.true(lock.tryAcquireRead());
  t.is(lock.readers, 3);
  t.false(lock.tryAcquireWrite());
  t.true(lock.tryAcquireRead(), 'a try to write keeps nobody out afterwards');
  for (let turn = 0; turn < 4; turn += 1) lock.releaseRead();
  t.true(await lock.acquireWrite());
  t.deepEqual(lock.writer, { pid: process.pid, threadId: process.pid, name: '' });
  t.false(lock.tryAcquireRead());
  t.false(lock.tryAcquireWrite());
  lock.releaseWrite();
  t.true(lock.acquireWriteSync());
  lock.releaseWrite();
  t.true(lock.tryAcquireWrite());
  lock.releaseWrite();
  t.is(await lock.read(async () => lock.readers), 1);
  t.is(
    lock.readSync(() => lock.readers),
    1,
  );
  t.is(await lock.write(() => lock.writer.pid), process.pid);
  t.is(
    lock.writeSync(() => lock.readers),
    0,
  );
  t.is(lock.abandonedBy, null);
  t.deepEqual([lock.readers, lock.writer], [0, null]);
});

test.serial('release of what this thread does not hold is refused', async (t) => {
  const lock = new RwLock();
  const refused = () => {
    t.throws(() => lock.releaseRead(), NOT_OWNER);
    t.throws(() => lock.releaseWrite(), NOT_OWNER);
    t.throws(() => lock.downgrade(), NOT_OWNER);
  };
  refused();
  const reader = await ready(t, holds, lock, 'acquireReadSync');
  refused();
  t.is(lock.readers, 1);
  await kill(reader);
  const writer = await ready(t, holds, lock, 'acquireWriteSync');
  refused();
  t.is(lock.writer.pid, writer.pid);
});

test.serial('downgrade: the writer reads on, and no writer comes between', async (t) => {
  const lock = new RwLock();
  await lock.acquireWrite();
  const order = [];
  const write = lock.write(() => order.push('write'));
  const read = lock.read(() => order.push('read'));
  lock.downgrade();
  t.is(lock.readers, 1);
  t.is(lock.writer, null);
  await until('the reader that waited has come in', () => order.length === 1);
  t.deepEqual(order, ['read']);
  lock.releaseRead();
  await Promise.all([write, read]);
  t.deepEqual(order, ['read', 'write']);
  t.throws(() => lock.releaseRead(), NOT_OWNER);
});

test.serial('writers come first: who reads already does not let new readers in while one waits', async (t) => {
  const lock = new RwLock();
  lock.acquireReadSync();
  const order = [];
  const writer = lock.write(() => order.push('write'));
  t.false(lock.tryAcquireRead());
  const reader = lock.read(() => order.push('read'));
  lock.releaseRead();
  await Promise.all([writer, reader]);
  t.deepEqual(order, ['write', 'read']);
});

test.serial('a writer that gives up lets the readers in again', async (t) => {
  const lock = new RwLock();
  lock.acquireReadSync();
  const controller = new AbortController();
  const writer = lock.acquireWrite({ signal: controller.signal });
  const reader = lock.acquireRead({ timeout: BOUND });
  controller.abort();
  await t.throwsAsync(writer, { code: 'ABORT_ERR' });
  t.true(await reader);
  t.false(await lock.acquireWrite({ timeout: 5 }));
  t.false(lock.acquireWriteSync(5));
  t.true(lock.tryAcquireRead());
});

test.serial('contention: three processes and a worker thread read together and write alone', async (t) => {
  const rounds = 1200;
  const lock = new RwLock({ name: 'contended' });
  const { view } = new SharedArray('i32', 8);
  const children = [1, 2, 3].map(() => new Process(target, { args: [lock, view, rounds] }).start());
  const worker = startWorker(t, 'hammerRwLock', 'contended', view, rounds);
  const ended = [...children.map((child) => child.result), posted(worker)];
  t.deepEqual(await Promise.all(ended), ['done', 'done', 'done', 'done']);
  t.is(view[2], 0, 'somebody was beside a writer');
  t.is(view[0], rounds, 'an addition was lost');
  t.deepEqual([lock.readers, lock.writer], [0, null]);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('reader_killed_the_writers_that_wait_get_the_lock', async (t) => {
  for (const method of ['write', 'writeSync']) {
    const lock = new RwLock();
    const readers = [await ready(t, holds, lock, 'acquireReadSync'), await ready(t, holds, lock, 'acquireReadSync')];
    t.is(lock.readers, 2);
    const writer = await ready(t, waits, lock, method);
    const here = lock.write(() => lock.abandonedBy, { timeout: BOUND });
    for (const reader of readers) await kill(reader);
    t.is(await writer.result, null, 'a reader leaves nothing half done');
    t.is(await here, null);
    t.is(lock.readers, 0);
  }
});

test.serial('writer_killed_readers_and_writers_that_wait_get_the_lock_and_one_knows', async (t) => {
  const lock = new RwLock();
  for (const methods of [
    ['read', 'readSync'],
    ['write', 'writeSync'],
    ['read', 'writeSync'],
  ]) {
    const writer = await ready(t, holds, lock, 'acquireWriteSync');
    t.is(lock.writer.pid, writer.pid);
    const waiters = [await ready(t, waits, lock, methods[0]), await ready(t, waits, lock, methods[1])];
    await kill(writer);
    const found = await Promise.all(waiters.map(({ result }) => result));
    t.deepEqual([...found].sort(), [writer.pid, null].sort(), methods.join());
  }
});

test.serial('writer_killed_while_nobody_waits_the_next_to_read_or_write_knows', async (t) => {
  for (const method of ['tryAcquireRead', 'tryAcquireWrite']) {
    const lock = new RwLock();
    const writer = await ready(t, holds, lock, 'acquireWriteSync');
    await kill(writer);
    await until('the death is known', () => lock[method]());
    t.is(lock.abandonedBy?.pid, writer.pid);
  }
});

test.serial('waiting_writer_killed_the_readers_are_let_in', async (t) => {
  const lock = new RwLock();
  lock.acquireReadSync();
  const writer = await ready(t, waits, lock, 'writeSync');
  await until('it keeps readers out', () => {
    if (!lock.tryAcquireRead()) return true;
    lock.releaseRead();
    return false;
  });
  const reader = lock.acquireRead({ timeout: BOUND });
  await kill(writer);
  t.true(await reader);
  t.is(lock.readers, 2);
});

test.serial('worker_thread_terminated_while_it_writes_the_next_knows', async (t) => {
  const lock = new RwLock({ name: 'in a thread' });
  const worker = startWorker(t, 'keep', 'RwLock', 'in a thread', 'acquireWriteSync');
  t.is(await posted(worker), 'held');
  const { threadId } = lock.writer;
  const acquired = lock.acquireRead({ timeout: BOUND });
  await worker.terminate();
  t.true(await acquired);
  t.is(lock.abandonedBy.threadId, threadId);
});

test.serial('960 read at the same time, and further ones wait for a place', async (t) => {
  const lock = new RwLock();
  for (let count = 0; count < 960; count += 1) t.true(lock.tryAcquireRead());
  t.is(lock.readers, 960);
  t.false(lock.tryAcquireRead());
  t.false(lock.acquireReadSync(1));
  const waiting = lock.acquireRead({ timeout: BOUND });
  lock.releaseRead();
  t.true(await waiting);
});
