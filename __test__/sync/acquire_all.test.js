'use strict';
// acquireAll(): all or nothing, in one order, whoever lives or dies.

const test = require('ava');
const { BoundedSemaphore, Event, Lock, Process, RLock, RwLock, Semaphore, SharedArray } = require('../..');
const { acquireAll, acquireAllSync } = require('../..');
const { BOUND, asleep, kill, milliseconds, ready, until, warmUp } = require('../fixtures/sync/family');
const { open } = require('../../lib/sync/shared_object');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

const five = () => [new Lock(), new RLock(), new Semaphore(1), new BoundedSemaphore(1), new RwLock()];

/** Which of `five` are taken. */
function taken([lock, rlock, semaphore, bounded, rwLock]) {
  return [lock.locked, rlock.locked, semaphore.value === 0, bounded.value === 0, rwLock.writer !== null];
}

const [ALL, NONE] = [Array(5).fill(true), Array(5).fill(false)];

test.serial('all five kinds, both forms, whatever their order; release() and dispose give all back', async (t) => {
  const objects = five();
  for (const list of [objects, [...objects].reverse()]) {
    const holding = await acquireAll(list);
    t.deepEqual(taken(objects), ALL);
    t.is(objects[1].count, 1);
    t.is(holding.release(), undefined);
    t.deepEqual(taken(objects), NONE);
    holding.release();
    const blocking = acquireAllSync(list);
    t.deepEqual(taken(objects), ALL);
    blocking[Symbol.dispose]();
    blocking[Symbol.dispose]();
    t.deepEqual(taken(objects), NONE);
  }
  (await acquireAll([])).release();
});

test.serial('all or none: one that is taken, and nothing of the others is kept', async (t) => {
  for (let position = 0; position < 5; position += 1) {
    const objects = five();
    const blocker = objects[position];
    const holder = await ready(
      t,
      (isReady, object) => {
        if (object.acquireWriteSync) object.acquireWriteSync();
        else object.acquireSync();
        isReady.release();
        return new Promise(() => setInterval(() => object, 60_000));
      },
      blocker,
    );
    const only = NONE.map((_, index) => index === position);
    for (const wait of [() => acquireAllSync(objects, 40), () => acquireAll(objects, { timeout: 40 })]) {
      const begun = milliseconds();
      t.false(await wait());
      t.true(milliseconds() - begun >= 39.9);
      t.deepEqual(taken(objects), only);
    }
    const controller = new AbortController();
    const waiting = acquireAll(objects, { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    t.is((await t.throwsAsync(waiting, { code: 'ABORT_ERR' })).cause, reason);
    t.deepEqual(taken(objects), only);
    // A semaphore's permit does not come back from the dead.
    if (blocker instanceof Semaphore) blocker.release();
    await kill(holder);
    const holding = await acquireAll(objects, { timeout: BOUND });
    t.deepEqual(taken(objects), ALL);
    if (!(blocker instanceof Semaphore || blocker instanceof BoundedSemaphore))
      t.is(blocker.abandonedBy?.pid, holder.pid);
    holding.release();
  }
});

/** In the order in which they are taken. */
function inOrder(...locks) {
  const identity = (lock) => open(lock, 'identity').identity()[0];
  return locks.sort((left, right) => identity(left) - identity(right));
}

test.serial('they are taken in one order, whatever that of the list', async (t) => {
  const [first, second] = inOrder(new Lock(), new Lock());
  for (const list of [
    [first, second],
    [second, first],
  ]) {
    first.acquireSync();
    const waiting = acquireAll(list, { timeout: BOUND });
    t.false(second.locked, 'it waits for the first');
    first.release();
    (await waiting).release();
    second.acquireSync();
    const waitingForSecond = acquireAll(list, { timeout: BOUND });
    await until('it has the first', () => first.locked);
    second.release();
    (await waitingForSecond).release();
  }
});

test.serial('one time limit for all of them together', async (t) => {
  const [first, second] = [new Lock(), new Lock()];
  first.acquireSync();
  second.acquireSync();
  const begun = milliseconds();
  const waiting = acquireAll([first, second], { timeout: 100 });
  setTimeout(() => first.release(), 60);
  t.false(await waiting);
  const elapsed = milliseconds() - begun;
  t.true(elapsed >= 99.9);
  t.log(`${elapsed.toFixed(0)} ms of 100`);
  t.false(first.locked, 'it was given back');
});

test.serial('philosophers: each takes two in an order of his own, and nobody starves', async (t) => {
  const forks = [new Lock(), new Lock(), new Lock()];
  const { view } = new SharedArray('i32', 4);
  const dine = async (left, right, plates, first, second, rounds) => {
    const multiproc = require('multiproc');
    for (let round = 0; round < rounds; round += 1) {
      const list = round % 2 === 0 ? [left, right] : [right, left];
      const both = round % 3 === 0 ? multiproc.acquireAllSync(list) : await multiproc.acquireAll(list);
      for (const fork of [first, second]) {
        const seen = plates[fork];
        for (let turn = 0; turn < 50; turn += 1);
        plates[fork] = seen + 1;
      }
      both.release();
    }
    return 'full';
  };
  const cwd = require('node:path').join(__dirname, '..', '..');
  const philosophers = [0, 1, 2].map((seat) => {
    const next = (seat + 1) % 3;
    return new Process(dine, { args: [forks[seat], forks[next], view, seat, next, 400], cwd }).start();
  });
  t.deepEqual(await Promise.all(philosophers.map(({ result }) => result)), ['full', 'full', 'full']);
  t.deepEqual([...view], [800, 800, 800, 0]);
  await Promise.all(philosophers.map((philosopher) => philosopher.join()));
});

test.serial('holder_killed_with_all_of_them_the_next_gets_all', async (t) => {
  const objects = [new Lock(), new RLock(), new BoundedSemaphore(1), new RwLock()];
  const holder = await ready(
    t,
    (isReady, list) => {
      const multiproc = require('multiproc');
      const holding = multiproc.acquireAllSync(list);
      isReady.release();
      return new Promise(() => setInterval(() => holding, 60_000));
    },
    objects,
  );
  const waiting = acquireAll(objects, { timeout: BOUND });
  await kill(holder);
  const holding = await waiting;
  t.truthy(holding);
  for (const object of [objects[0], objects[1], objects[3]]) t.is(object.abandonedBy?.pid, holder.pid);
  holding.release();
});

test.serial('waiter_killed_with_half_of_them_leaves_them_to_the_others', async (t) => {
  const [first, second, blocker] = inOrder(new Lock(), new Lock(), new Lock());
  blocker.acquireSync();
  const waiter = await ready(
    t,
    (begins, list) => {
      const multiproc = require('multiproc');
      begins.release();
      multiproc.acquireAllSync(list);
    },
    [first, second, blocker],
  );
  await until('it has the first two', () => first.locked && second.locked);
  await asleep(waiter.pid);
  await kill(waiter);
  t.true(await first.acquire({ timeout: BOUND }));
  t.is(first.abandonedBy?.pid, waiter.pid);
  t.true(await second.acquire({ timeout: BOUND }));
});

test.serial('what is closed meanwhile is given back all the same', async (t) => {
  const [one, other] = [new Lock({ name: 'closed meanwhile' }), new Lock({ name: 'closed meanwhile' })];
  const blocker = new Lock();
  const holding = await acquireAll([one, blocker]);
  one.close();
  t.true(other.locked);
  holding.release();
  t.false(other.locked);
  blocker.acquireSync();
  t.false(await acquireAll([other, blocker], { timeout: 1 }));
  t.false(other.locked);
});

test.serial('what others have released meanwhile is told, and does not keep the rest', async (t) => {
  const objects = five();
  const holding = await acquireAll(objects);
  objects[0].release();
  t.throws(() => holding.release(), { code: 'ERR_MULTIPROC_LOCK_NOT_HELD' });
  t.deepEqual(taken(objects), NONE);
});

test.serial(
  'a re-entrant lock that the caller holds is held once more, and another flow’s is waited for',
  async (t) => {
    const [rlock, lock] = [new RLock(), new Lock()];
    await rlock.run(async () => {
      const holding = await acquireAll([lock, rlock]);
      t.is(rlock.count, 2);
      const blocking = acquireAllSync([rlock]);
      t.is(rlock.count, 3);
      blocking.release();
      holding.release();
      t.is(rlock.count, 1);
    });
    let end;
    const holder = rlock.run(
      () =>
        new Promise((resolve) => {
          end = resolve;
        }),
    );
    await until('it is held', () => end !== undefined);
    t.throws(() => acquireAllSync([lock, rlock]), { code: 'ERR_MULTIPROC_DEADLOCK' });
    t.false(lock.locked);
    t.false(await acquireAll([lock, rlock], { timeout: 1 }));
    const waiting = acquireAll([lock, rlock]);
    end();
    await holder;
    (await waiting).release();
    t.false(rlock.locked);
  },
);

test.serial('arguments of the wrong kind throw with a code, and nothing is taken', async (t) => {
  const lock = new Lock({ name: 'twice' });
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const value = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' };
  for (const list of [undefined, lock, [lock, null], [lock, {}], [lock, new Event()]]) {
    t.throws(() => acquireAllSync(list), type);
    await t.throwsAsync(acquireAll(list), type);
  }
  for (const list of [
    [lock, lock],
    [lock, new Lock(), new Lock({ name: 'twice' })],
  ]) {
    t.throws(() => acquireAllSync(list), value);
    await t.throwsAsync(acquireAll(list), value);
  }
  const message = /"list\[2\]" must be another object than list\[0\], but was an instance of Lock$/;
  t.throws(() => acquireAllSync([lock, new Lock(), lock]), { message });
  t.throws(() => acquireAllSync([lock], '1'), type);
  await t.throwsAsync(acquireAll([lock], 5), type);
  await t.throwsAsync(acquireAll([lock], { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
  t.false(lock.locked);
  const closed = new Lock();
  closed.close();
  t.throws(() => acquireAllSync([lock, closed]), { code: 'ERR_MULTIPROC_CLOSED' });
  t.false(lock.locked);
});
