'use strict';
// Condition: nobody who is killed, stopped or terminated keeps the others waiting, or takes what was meant for them.

const test = require('ava');
const { Condition, Lock, Monitor, SharedArray } = require('../..');
const { BOUND, asleep, kill, posted, ready, startWorker, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

/** Waits, in one of two forms; the result is how it ended, and whose death passed the lock on. */
function waits(begins, condition) {
  begins.release();
  return condition.run(async () => [await condition.wait(), condition.lock.abandonedBy?.pid]);
}

function blocks(begins, condition) {
  begins.release();
  return condition.runSync(() => [condition.waitSync(), condition.lock.abandonedBy?.pid]);
}

/** Notifies with the lock held, and is killed before it gives it back. */
function notifiesAndDies(begins, condition) {
  condition.acquireSync();
  condition.notify();
  begins.release();
  return new Promise(() => setInterval(() => condition, 60_000));
}

test.serial('waiter_killed_takes_no_notification_from_the_others', async (t) => {
  for (const [first, second] of [
    [waits, blocks],
    [blocks, waits],
  ]) {
    const condition = new Condition();
    const victim = await ready(t, first, condition);
    await until('it waits', () => condition.waiting === 1);
    const other = await ready(t, second, condition);
    await until('both wait', () => condition.waiting === 2);
    await kill(victim);
    t.is(condition.waiting, 1);
    t.is(await condition.run(() => condition.notify()), 1, 'the oldest is dead, the next one is told');
    t.deepEqual(await other.result, [true, undefined]);
    t.is(condition.waiting, 0);
  }
});

test.serial('waiter_killed_when_it_was_notified_and_waits_for_the_lock_the_lock_goes_on', async (t) => {
  const condition = new Condition();
  const victim = await ready(t, blocks, condition);
  await until('it waits', () => condition.waiting === 1);
  await condition.run(async () => {
    t.is(condition.notify(), 1);
    await asleep(victim.pid);
    await kill(victim);
  });
  t.true(await condition.acquire({ timeout: BOUND }));
  t.is(condition.lock.abandonedBy, null, 'the dead one never had it again');
  condition.release();
});

test.serial('notifier_killed_with_the_lock_held_the_notified_gets_it_and_knows', async (t) => {
  for (const there of [waits, blocks]) {
    for (const lock of [undefined, new Lock()]) {
      const condition = new Condition(lock);
      const waiter = await ready(t, there, condition);
      await until('it waits', () => condition.waiting === 1);
      const notifier = await ready(t, notifiesAndDies, condition);
      await kill(notifier);
      t.deepEqual(await waiter.result, [true, notifier.pid]);
    }
  }
});

test.serial('lock_holder_killed_the_others_go_on_waiting_for_a_notification', async (t) => {
  const condition = new Condition();
  const here = condition.run(async () => [await condition.wait({ timeout: BOUND }), condition.lock.abandonedBy]);
  await until('it waits', () => condition.waiting === 1);
  const holder = await ready(
    t,
    (begins, there) => {
      there.acquireSync();
      begins.release();
      return new Promise(() => setInterval(() => there, 60_000));
    },
    condition,
  );
  await kill(holder);
  t.true(await condition.acquire({ timeout: BOUND }));
  t.is(condition.lock.abandonedBy?.pid, holder.pid);
  t.is(condition.waiting, 1);
  t.is(condition.notify(), 1);
  condition.release();
  t.deepEqual(await here, [true, null], 'it has the lock in good order');
});

test.serial('stopped_waiter_keeps_nobody_from_being_notified', async (t) => {
  const condition = new Condition();
  const stopped = await ready(t, blocks, condition);
  await until('it waits', () => condition.waiting === 1);
  await asleep(stopped.pid);
  stopped.signal('SIGSTOP');
  const other = await ready(t, waits, condition);
  await until('both wait', () => condition.waiting === 2);
  t.is(await condition.run(() => condition.notifyAll()), 2);
  t.deepEqual(await other.result, [true, undefined]);
  t.true(await condition.acquire({ timeout: BOUND }));
  condition.release();
  stopped.signal('SIGCONT');
  t.deepEqual(await stopped.result, [true, undefined]);
});

test.serial('worker_thread_terminated_while_it_waits_the_others_are_told', async (t) => {
  const condition = new Condition(undefined, { name: 'terminated' });
  const worker = startWorker(t, 'waitAtCondition', 'terminated');
  await until('it waits', () => condition.waiting === 1);
  const other = await ready(t, waits, condition);
  await until('both wait', () => condition.waiting === 2);
  await worker.terminate();
  t.is(condition.waiting, 1);
  t.is(await condition.run(() => condition.notify()), 1);
  t.deepEqual(await other.result, [true, undefined]);
});

test.serial('killed again and again: what is left of a monitor works, and its counter is never ahead', async (t) => {
  const monitor = new Monitor();
  const { view } = new SharedArray('i32', 2);
  let died = 0;
  for (let round = 0; round < 6; round += 1) {
    const child = await ready(
      t,
      async (begins, there, cells) => {
        begins.release();
        for (;;) {
          await there.run(async () => {
            for (let turn = 0; turn < 100_000; turn += 1);
            cells[0] += 1;
            there.notifyAll();
            await there.wait({ timeout: 1 });
            cells[1] += 1;
          });
        }
      },
      monitor,
      view,
    );
    const before = view[0];
    await until('it works', () => view[0] > before + 5);
    await kill(child);
    t.true(await monitor.run(() => true, { timeout: BOUND }));
    died += monitor.abandonedBy === null ? 0 : 1;
    t.true(view[0] >= view[1]);
  }
  t.log(`${died} of 6 died with the lock held`);
  t.is(monitor.waiting, 0);
});

test.serial('worker_thread_terminated_while_it_holds_the_lock_the_next_knows', async (t) => {
  const condition = new Condition(undefined, { name: 'ends' });
  const worker = startWorker(t, 'keep', 'Condition', 'ends', 'acquireSync', undefined);
  t.is(await posted(worker), 'held');
  t.true(condition.lock.locked);
  await worker.terminate();
  t.true(await condition.acquire({ timeout: BOUND }));
  t.not(condition.lock.abandonedBy, null);
  condition.release();
});
