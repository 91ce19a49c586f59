'use strict';
// Condition: who holds its lock waits to be told. Time limits, aborts, names and the like are tested with all others in
// waitables.test.js; what becomes of the dead in condition_deaths.test.js.

const path = require('node:path');
const test = require('ava');
const { Condition, Lock, Monitor, Process, RLock, Semaphore, SharedArray } = require('../..');
const { BOUND, delay, milliseconds, posted, ready, startWorker, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

const target = (name) => ({ module: path.join(__dirname, '..', 'fixtures', 'sync', 'hammers.js'), export: name });
const NOT_OWNER = { name: 'MultiprocError', code: 'ERR_MULTIPROC_LOCK_NOT_OWNER' };

guard(test, { warmUp });

/** Waits at the condition in a process; the result is how the wait ended. */
function waits(begins, condition) {
  begins.release();
  return condition.run(() => condition.wait({ timeout: 20_000 }));
}

function blocks(begins, condition) {
  begins.release();
  return condition.runSync(() => condition.waitSync(20_000));
}

/** Counts which of these promises have resolved. */
function counted(promises) {
  const state = { ended: 0 };
  for (const promise of promises) {
    promise.then(
      () => {
        state.ended += 1;
      },
      () => {},
    );
  }
  return state;
}

test.serial('smoke: with a lock of its own, with a Lock, with an RLock', async (t) => {
  for (const lock of [undefined, new Lock(), new RLock()]) {
    const condition = new Condition(lock);
    if (lock !== undefined) t.is(condition.lock, lock);
    else t.true(condition.lock instanceof RLock);
    t.true(await condition.acquire());
    t.true(condition.lock.locked);
    condition.release();
    t.true(condition.acquireSync(0));
    condition.release();
    t.true(condition.tryAcquire());
    t.is(condition.notify(), 0);
    t.is(condition.notifyAll(), 0);
    condition.release();
    t.false(condition.lock.locked);
    t.is(
      condition.runSync(() => 5),
      5,
    );
    const waiting = condition.run(async () => [await condition.wait(), condition.lock.locked]);
    await until('it waits', () => condition.waiting === 1);
    t.is(await condition.run(() => condition.notify(3)), 1);
    t.deepEqual(await waiting, [true, true]);
    t.is(condition.waiting, 0);
    t.false(condition.lock.locked);
  }
});

test.serial('CPython 23: notify(2), notify(4), notify(3) of six: 2 awake, 6 awake, still 6', async (t) => {
  const condition = new Condition(undefined, { name: 'six' });
  const children = [waits, blocks, waits].map((there) => ready(t, there, condition));
  const processes = await Promise.all(children);
  const workers = [1, 2, 3].map(() => startWorker(t, 'waitAtCondition', 'six'));
  const ended = [...processes.map(({ result }) => result), ...workers.map(posted)];
  const state = counted(ended);
  await until('all wait', () => condition.waiting === 6);
  t.is(state.ended, 0);
  t.is(await condition.run(() => condition.notify(2)), 2);
  await until('two are awake', () => state.ended === 2);
  t.is(condition.waiting, 4);
  t.is(await condition.run(() => condition.notify(4)), 4);
  await until('all are awake', () => state.ended === 6);
  t.is(await condition.run(() => condition.notify(3)), 0);
  t.deepEqual(await Promise.all(ended), Array(6).fill(true));
  // A notification without a waiter is not kept.
  t.false(await condition.run(() => condition.wait({ timeout: 20 })));
});

test.serial('CPython 24: waits whose time is over take no notification from those that come later', async (t) => {
  const condition = new Condition(undefined, { name: 'late' });
  const early = await Promise.all(
    Array.from({ length: 6 }, (_, index) => condition.run(() => condition.wait({ timeout: 5 + index }))),
  );
  t.deepEqual(early, Array(6).fill(false));
  t.is(condition.waiting, 0);
  const children = [await ready(t, waits, condition), await ready(t, blocks, condition)];
  const worker = startWorker(t, 'waitAtCondition', 'late');
  const here = condition.run(() => condition.wait({ timeout: BOUND }));
  const ended = [...children.map(({ result }) => result), posted(worker), here];
  await until('all wait', () => condition.waiting === 4);
  t.is(await condition.run(() => condition.notifyAll()), 4);
  t.deepEqual(await Promise.all(ended), [true, true, true, true]);
  t.is(condition.waiting, 0);
});

test.serial('CPython 25: waitFor() with too few notifications gives the last value, not before its time', async (t) => {
  const condition = new Condition();
  const { view } = new SharedArray('i32', 1);
  for (const form of ['waitFor', 'waitForSync']) {
    view[0] = 0;
    const child = await ready(
      t,
      async (begins, there, cells) => {
        begins.release();
        for (let turn = 0; turn < 3; turn += 1) {
          await there.run(() => {
            cells[0] += 1;
            there.notify();
          });
        }
      },
      condition,
      view,
    );
    const begun = milliseconds();
    const predicate = () => view[0] === 4;
    const found =
      form === 'waitFor'
        ? await condition.run(() => condition.waitFor(predicate, { timeout: 100 }))
        : condition.runSync(() => condition.waitForSync(predicate, 100));
    t.false(found);
    t.true(milliseconds() - begun >= 99.9);
    await child.result;
    t.is(view[0], 3);
  }
});

test.serial('waitFor() gives what the predicate does, in both forms, across processes', async (t) => {
  const condition = new Condition();
  const { view } = new SharedArray('i32', 1);
  const child = await ready(
    t,
    (begins, there, cells) => {
      begins.release();
      return there.runSync(() => there.waitForSync(() => cells[0] === 2 && 'two'));
    },
    condition,
    view,
  );
  const here = condition.run(() => condition.waitFor(async () => view[0] === 2 && ['two']));
  for (let turn = 0; turn < 2; turn += 1) {
    await delay(1);
    condition.runSync(() => {
      view[0] += 1;
      condition.notifyAll();
    });
  }
  t.deepEqual(await here, ['two']);
  t.is(await child.result, 'two');
  t.is(await condition.run(() => condition.waitFor(() => 0, { timeout: 0 })), 0);
  t.is(
    condition.runSync(() => condition.waitForSync(() => 'at once', 0)),
    'at once',
  );
});

test.serial('CPython 26: an aborted wait ends with that error, and the lock is held again', async (t) => {
  for (const condition of [new Condition(), new Condition(new Lock())]) {
    const controller = new AbortController();
    const reason = new Error('a signal handler');
    const waiting = condition.run(async () => {
      const error = await t.throwsAsync(condition.wait({ timeout: 60_000, signal: controller.signal }));
      return [error.code, error.cause, condition.lock.locked, condition.notify()];
    });
    await until('it waits', () => condition.waiting === 1);
    let held;
    const holder = condition.run(() => {
      controller.abort(reason);
      // It has ended, and waits for the lock.
      held = condition.waiting === 0;
      return delay(5);
    });
    t.deepEqual(await waiting, ['ABORT_ERR', reason, true, 0]);
    await holder;
    t.true(held);
    t.false(condition.lock.locked);
  }
});

test.serial('a wait that is notified and aborted in the same moment was notified', async (t) => {
  const condition = new Condition();
  const controller = new AbortController();
  const [first, second] = [{ signal: controller.signal }, { timeout: BOUND }].map((options) =>
    condition.run(() => condition.wait(options)),
  );
  await until('both wait', () => condition.waiting === 2);
  condition.runSync(() => {
    condition.notify();
    controller.abort();
  });
  t.true(await first, 'or the notification would be lost');
  t.is(condition.waiting, 1);
  t.is(await condition.run(() => condition.notify()), 1);
  t.true(await second);
});

test.serial('the oldest waiters are notified first', async (t) => {
  const condition = new Condition();
  const order = [];
  const all = [];
  for (let number = 0; number < 4; number += 1) {
    all.push(condition.run(() => condition.wait()).then(() => order.push(number)));
    await until('it waits', () => condition.waiting === number + 1);
  }
  for (let number = 0; number < 4; number += 1) {
    t.is(await condition.run(() => condition.notify()), 1);
    await until('it has ended', () => order.length === number + 1);
  }
  t.deepEqual(order, [0, 1, 2, 3]);
  await Promise.all(all);
});

test.serial('who does not hold the lock can neither wait nor notify', async (t) => {
  const lock = new Lock();
  for (const condition of [new Condition(), new Condition(lock)]) {
    const refused = async () => {
      await t.throwsAsync(condition.wait({ timeout: 1 }), NOT_OWNER);
      await t.throwsAsync(
        condition.waitFor(() => true),
        NOT_OWNER,
      );
      for (const use of [
        () => condition.waitSync(1),
        () => condition.waitForSync(() => true),
        () => condition.notify(),
        () => condition.notifyAll(),
      ]) {
        t.throws(use, NOT_OWNER);
      }
      t.is(condition.waiting, 0);
    };
    await refused();
    const holder = await ready(
      t,
      async (isReady, held, end) => {
        await held.acquire();
        isReady.release();
        await end.acquire();
        held.release();
      },
      condition.lock,
      new Semaphore(0, { name: 'end' }),
    );
    await refused();
    new Semaphore(0, { name: 'end' }).release();
    await holder.result;
  }
  // Another flow of this thread holds it: that of an RLock is somebody else, that of a Lock is not.
  const reentrant = new Condition();
  let end;
  const holder = reentrant.run(
    () =>
      new Promise((resolve) => {
        end = resolve;
      }),
  );
  await until('it holds the lock', () => end !== undefined);
  t.throws(() => reentrant.notify(), NOT_OWNER);
  end();
  await holder;
});

test.serial('contention: what three processes and a worker thread put and take stays within its bounds', async (t) => {
  const monitor = new Monitor({ name: 'store' });
  const { view } = new SharedArray('i32', 8);
  const args = [monitor, view, 150, 2];
  const children = [1, 2, 3].map(() => new Process(target('hammerMonitor'), { args }).start());
  const worker = startWorker(t, 'hammerMonitor', 'store', view, 150, 2);
  const ended = [...children.map((child) => child.result), posted(worker)];
  t.deepEqual(await Promise.all(ended), ['done', 'done', 'done', 'done']);
  t.is(view[0], 0);
  t.is(view[2], 0, 'the bounds were not kept');
  t.is(monitor.waiting, 0);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('more than 2,000 waits are refused, and the lock is still held', async (t) => {
  const condition = new Condition(new Lock());
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = Array.from({ length: 2000 }, () => condition.run(() => condition.wait({ signal })));
  for (const wait of waiting) wait.catch(() => {});
  await until('all wait', () => condition.waiting === 2000);
  await condition.run(async () => {
    await t.throwsAsync(condition.wait(), { code: 'ERR_MULTIPROC_WAITERS' });
    t.throws(() => condition.waitSync(1), { code: 'ERR_MULTIPROC_WAITERS' });
    t.true(condition.lock.locked);
  });
  controller.abort();
  for (const { status } of await Promise.allSettled(waiting)) t.is(status, 'rejected');
  t.is(condition.waiting, 0);
});

test.serial('what the predicate throws comes out, and the lock is held then', async (t) => {
  const condition = new Condition();
  const failure = new Error('inside');
  const fails = () => {
    throw failure;
  };
  await condition.run(async () => {
    t.is(await t.throwsAsync(condition.waitFor(fails)), failure);
    t.is(
      t.throws(() => condition.waitForSync(fails)),
      failure,
    );
    t.is(condition.lock.count, 1);
    await t.throwsAsync(
      condition.waitFor(() => true, { signal: AbortSignal.abort() }),
      { code: 'ABORT_ERR' },
    );
  });
});

test.serial('arguments of the wrong kind throw with a code', async (t) => {
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  for (const lock of [5, {}, new Semaphore(1), { name: 'x' }]) t.throws(() => new Condition(lock), type);
  const condition = new Condition();
  await condition.run(async () => {
    await t.throwsAsync(condition.waitFor('x'), type);
    t.throws(() => condition.waitForSync(), type);
    t.throws(() => condition.notify('1'), type);
    for (const n of [0, -1, 1.5]) t.throws(() => condition.notify(n), { code: 'ERR_OUT_OF_RANGE' });
  });
});
