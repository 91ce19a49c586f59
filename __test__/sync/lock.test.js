'use strict';
// Lock: mutual exclusion of processes and threads, whatever becomes of them.

const path = require('node:path');
const test = require('ava');
const { Lock, Process, Semaphore, SharedArray, SharedValue } = require('../..');
const native = require('../../lib/binding');
const family = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

const { BOUND, asleep, delay, kill, milliseconds, posted, ready, startWorker, until, warmUp } = family;
const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'sync', name);
const target = (name) => ({ module: fixture('tasks.js'), export: name });

guard(test, { warmUp });

/** Holds the lock and then does nothing more. */
function holds(isReady, lock) {
  lock.acquireSync();
  isReady.release();
  setInterval(() => {}, 60_000);
  return new Promise(() => {});
}

/** Says that it begins, blocks until it has the lock, and tells when that was and whom it has it from. */
function acquires(begins, lock) {
  begins.release();
  lock.acquireSync();
  const at = Number(process.hrtime.bigint()) / 1e6;
  const from = lock.abandonedBy;
  lock.release();
  return { at, from };
}

async function awaits(begins, lock) {
  const acquired = lock.acquire();
  begins.release();
  await acquired;
  const result = { at: Number(process.hrtime.bigint()) / 1e6, from: lock.abandonedBy };
  lock.release();
  return result;
}

test.serial('smoke: taken and given back in every way, and who holds it', async (t) => {
  const lock = new Lock();
  t.is(lock.name, undefined);
  t.false(lock.locked);
  t.is(lock.owner, null);
  t.true(lock.acquireSync());
  t.true(lock.locked);
  t.deepEqual(lock.owner, { pid: process.pid, threadId: process.pid, name: '' });
  t.false(lock.tryAcquire());
  t.is(lock.release(), undefined);
  t.true(await lock.acquire());
  t.false(await lock.acquire({ timeout: 0 }));
  lock.release();
  t.true(lock.tryAcquire());
  t.is(lock.abandonedBy, null);
  lock.release();
  t.throws(() => lock.release(), { code: 'ERR_MULTIPROC_LOCK_NOT_HELD' });
  t.true(lock.tryAcquire(), 'the refused release changed nothing');
  lock.close();
});

test.serial('contention: three processes and a worker thread exclude each other', async (t) => {
  const rounds = 2000;
  const lock = new Lock({ name: 'contended' });
  const { view } = new SharedArray('i32', 8);
  const children = [1, 2, 3].map(() => new Process(target('hammerLock'), { args: [lock, view, rounds] }).start());
  const worker = startWorker(t, 'hammerLock', 'contended', view, rounds);
  const ended = [...children.map((child) => child.result), posted(worker)];
  t.deepEqual(await Promise.all(ended), ['done', 'done', 'done', 'done']);
  t.is(view[2], 0, 'two were inside at once');
  t.is(view[0], 4 * rounds, 'an addition was lost');
  t.false(lock.locked);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('timeout: never before its time, and the lock is not held then', async (t) => {
  const lock = new Lock();
  lock.acquireSync();
  for (const wait of [() => lock.acquireSync(120), () => lock.acquire({ timeout: 120 })]) {
    const begun = milliseconds();
    t.false(await wait());
    t.true(milliseconds() - begun >= 119.9);
  }
  for (const timeout of [0, -1, -Infinity, 0.01]) {
    t.false(lock.acquireSync(timeout));
    t.false(await lock.acquire({ timeout }));
  }
  lock.release();
  t.true(lock.acquireSync(0), 'a free lock needs no time');
  lock.release();
  t.true(await lock.acquire({ timeout: -5 }));
});

test.serial('arguments of the wrong kind throw with a code and take nothing', async (t) => {
  const lock = new Lock();
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  t.throws(() => lock.acquireSync('1'), type);
  t.throws(() => lock.acquireSync({ timeout: 1 }), type);
  t.throws(() => lock.acquireSync(Number.NaN), { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' });
  await t.throwsAsync(lock.acquire({ timeout: '1' }), type);
  await t.throwsAsync(lock.acquire({ signal: {} }), type);
  await t.throwsAsync(lock.acquire(5), type);
  await t.throwsAsync(lock.run('fn'), type);
  t.throws(() => lock.runSync(), type);
  t.throws(() => new Lock({ name: 5 }), type);
  t.throws(() => new Lock({ name: '' }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.throws(() => new Lock({ name: 'x'.repeat(201) }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.throws(() => new Lock({ name: 'a\0b' }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.false(lock.locked);
});

test.serial('abort: rejects with the reason as cause, and the next waiter gets the lock', async (t) => {
  const lock = new Lock();
  lock.acquireSync();
  const controllers = [new AbortController(), new AbortController()];
  const aborted = controllers.map(({ signal }) => lock.acquire({ signal }));
  const other = await ready(t, acquires, lock);
  const last = lock.acquire({ timeout: BOUND });
  const reason = new Error('no longer wanted');
  controllers.forEach((controller) => {
    controller.abort(reason);
  });
  for (const promise of aborted) {
    const error = await t.throwsAsync(promise, { name: 'AbortError', code: 'ABORT_ERR' });
    t.is(error.cause, reason);
  }
  lock.release();
  // Our own pending wait and the other process's blocking one, in whatever order: nobody else.
  t.true(await last);
  lock.release();
  await other.result;
  t.false(lock.locked, 'no aborted wait has taken it');
});

test.serial('abort: a signal that is aborted already rejects at once and takes nothing', async (t) => {
  const lock = new Lock();
  const error = await t.throwsAsync(lock.acquire({ signal: AbortSignal.abort('why') }), { code: 'ABORT_ERR' });
  t.is(error.cause, 'why');
  t.false(lock.locked);
  const { signal } = new AbortController();
  t.true(await lock.acquire({ signal }));
});

test.serial('abort after the lock was acquired changes nothing', async (t) => {
  const lock = new Lock();
  const controller = new AbortController();
  lock.acquireSync();
  const acquired = lock.acquire({ signal: controller.signal });
  lock.release();
  t.true(await acquired);
  controller.abort();
  t.true(lock.locked);
});

test.serial(
  'holder_killed_20_of_20_the_blocked_and_the_awaiting_waiter_proceed_and_know_whose_death_it_was',
  async (t) => {
    const [blocking, awaiting] = [new Lock(), new Lock()];
    const rounds = 20;
    // What the blocking waiter finds: when, from whom; and how many rounds it has begun.
    const found = new SharedArray('f64', 2 * rounds);
    const begun = new SharedValue('i32', 0);
    const waiter = await ready(
      t,
      (isReady, lock, turn, { view }, counter, count) => {
        isReady.release();
        for (let round = 0; round < count; round += 1) {
          turn.acquireSync();
          counter.add(1);
          lock.acquireSync();
          view[2 * round + 1] = lock.abandonedBy?.pid ?? -1;
          view[2 * round] = Number(process.hrtime.bigint()) / 1e6;
          lock.release();
        }
      },
      blocking,
      new Semaphore(0, { name: 'turn' }),
      found,
      begun,
      rounds,
    );
    const turn = new Semaphore(0, { name: 'turn' });
    const delays = { blocking: [], awaiting: [] };
    for (let round = 0; round < rounds; round += 1) {
      const holder = await ready(
        t,
        (isReady, first, second) => {
          first.acquireSync();
          second.acquireSync();
          isReady.release();
          return new Promise(() => setInterval(() => {}, 60_000));
        },
        blocking,
        awaiting,
      );
      turn.release();
      await until('the waiter begins', () => begun.value === round + 1);
      await asleep(waiter.pid);
      let acquiredAt;
      const acquired = awaiting.acquire({ timeout: BOUND }).then((result) => {
        acquiredAt = milliseconds();
        return result;
      });
      const killedAt = await kill(holder);
      t.true(await acquired);
      t.is(awaiting.abandonedBy?.pid, holder.pid);
      awaiting.release();
      await until('the blocked waiter has the lock', () => found.view[2 * round] > 0);
      t.is(found.view[2 * round + 1], holder.pid);
      delays.blocking.push(found.view[2 * round] - killedAt);
      delays.awaiting.push(acquiredAt - killedAt);
    }
    await waiter.result;
    for (const [how, values] of Object.entries(delays)) {
      const longest = Math.max(...values);
      t.log(`${how}: the longest of ${values.length} delays was ${longest.toFixed(1)} ms`);
      t.true(longest < 5000);
    }
    t.true(awaiting.acquireSync(0));
    t.is(awaiting.abandonedBy, null, 'it was given back in good order since');
  },
);

test.serial('holder_killed_while_nobody_waits_the_next_to_try_gets_it_and_knows', async (t) => {
  const lock = new Lock();
  const holder = await ready(t, holds, lock);
  t.false(lock.tryAcquire());
  t.is(lock.owner.pid, holder.pid);
  t.is(lock.owner.name, holder.name);
  await kill(holder);
  await until('the death is known', () => lock.tryAcquire());
  t.is(lock.abandonedBy.pid, holder.pid);
  lock.release();
  t.true(await lock.acquire());
  t.is(lock.abandonedBy, null);
});

test.serial('waiter_killed_the_others_go_on', async (t) => {
  for (const waits of [acquires, awaits]) {
    const lock = new Lock();
    lock.acquireSync();
    const first = await ready(t, waits, lock);
    const second = await ready(t, waits, lock);
    await asleep(first.pid);
    await asleep(second.pid);
    await kill(first);
    lock.release();
    const { from } = await second.result;
    t.is(from, null, 'the dead one never held it');
    t.true(lock.acquireSync(BOUND));
    t.is(lock.abandonedBy, null);
  }
});

test.serial('waiter_killed_as_it_is_woken_the_next_waiter_gets_the_lock', async (t) => {
  const lock = new Lock();
  for (let round = 0; round < 5; round += 1) {
    lock.acquireSync();
    const [first, second] = [await ready(t, acquires, lock), await ready(t, acquires, lock)];
    await asleep(first.pid);
    await asleep(second.pid);
    // Both are waiting, one of them is woken for the lock and killed at the same time.
    lock.release();
    const victim = round % 2 === 0 ? first : second;
    const survivor = round % 2 === 0 ? second : first;
    await kill(victim);
    await survivor.result;
    t.true(lock.acquireSync(BOUND));
    lock.release();
  }
});

test.serial('stopped_waiter_does_not_keep_the_others_from_the_lock', async (t) => {
  const lock = new Lock();
  lock.acquireSync();
  const stopped = await ready(t, acquires, lock);
  await asleep(stopped.pid);
  stopped.signal('SIGSTOP');
  const other = await ready(t, acquires, lock);
  await asleep(other.pid);
  let longest = 0;
  for (let round = 0; round < 3; round += 1) {
    const releasedAt = milliseconds();
    lock.release();
    if (round === 0) longest = (await other.result).at - releasedAt;
    t.true(await lock.acquire({ timeout: BOUND }));
    longest = Math.max(longest, milliseconds() - releasedAt);
  }
  t.log(`the longest delay was ${longest.toFixed(0)} ms`);
  t.true(longest < 5000);
  lock.release();
  stopped.signal('SIGCONT');
  await stopped.result;
});

test.serial('a thread that blocks elsewhere does not keep a lock that it also awaits from the others', async (t) => {
  const [lock, elsewhere] = [new Lock(), new Lock()];
  lock.acquireSync();
  elsewhere.acquireSync();
  const busy = await ready(
    t,
    (begins, awaited, blocked) => {
      awaited.acquire().then(() => awaited.release());
      begins.release();
      blocked.acquireSync();
      blocked.release();
    },
    lock,
    elsewhere,
  );
  await asleep(busy.pid);
  const delays = [];
  for (let round = 0; round < 4; round += 1) {
    const other = await ready(t, acquires, lock);
    await asleep(other.pid);
    const releasedAt = milliseconds();
    lock.release();
    delays.push((await other.result).at - releasedAt);
    t.true(lock.acquireSync(BOUND));
  }
  t.log(`the longest delay was ${Math.max(...delays).toFixed(0)} ms`);
  t.true(Math.max(...delays) < 5000);
  lock.release();
  elsewhere.release();
  await busy.result;
});

test.serial('several waits of one thread get the lock in their order', async (t) => {
  const lock = new Lock();
  lock.acquireSync();
  const order = [];
  const waits = [0, 1, 2, 3, 4].map(async (number) => {
    // The third gives up in between.
    const acquired = await lock.acquire({ timeout: number === 2 ? 20 : BOUND });
    order.push([number, acquired]);
    if (acquired) lock.release();
  });
  await waits[2];
  lock.release();
  await Promise.all(waits);
  t.deepEqual(order, [
    [2, false],
    [0, true],
    [1, true],
    [3, true],
    [4, true],
  ]);
  t.false(lock.locked);
});

test.serial('close: use after it throws, twice is fine, others keep the lock', async (t) => {
  const [one, other] = [new Lock({ name: 'closed' }), new Lock({ name: 'closed' })];
  one.acquireSync();
  one.close();
  one.close();
  const closed = { name: 'MultiprocError', code: 'ERR_MULTIPROC_CLOSED' };
  for (const use of [
    () => one.acquireSync(),
    () => one.acquireSync(5),
    () => one.tryAcquire(),
    () => one.release(),
    () => one.locked,
    () => one.owner,
    () => one.runSync(() => {}),
  ]) {
    t.throws(use, closed);
  }
  const sent = t.throws(() => new Process(() => {}, { args: [one] }).start(), { code: 'ERR_MULTIPROC_SERIALIZE' });
  t.is(sent.path, 'args[0]');
  t.is(sent.cause.code, 'ERR_MULTIPROC_CLOSED');
  await t.throwsAsync(one.acquire(), closed);
  await t.throwsAsync(
    one.run(() => {}),
    closed,
  );
  t.true(other.locked, 'closing does not release');
  other.release();
});

test.serial('close during a wait: the wait goes on, and takes no other lock', async (t) => {
  const [one, other] = [new Lock({ name: 'closed in wait' }), new Lock({ name: 'closed in wait' })];
  other.acquireSync();
  let state = 'pending';
  const acquired = one.acquire({ timeout: BOUND }).then((result) => {
    state = result;
    return result;
  });
  one.close();
  // Locks that would lie where the closed one did.
  const others = [1, 2, 3, 4].map(() => new Lock());
  await delay(0);
  t.deepEqual(
    others.map((lock) => lock.locked),
    [false, false, false, false],
  );
  t.is(state, 'pending');
  other.release();
  t.true(await acquired);
  t.true(other.locked);
});

test.serial('close during a wait for a lock that nobody else has: no other lock is taken', async (t) => {
  const lock = new Lock();
  lock.acquireSync();
  const controller = new AbortController();
  const acquired = lock.acquire({ signal: controller.signal });
  lock.close();
  const others = Array.from({ length: 20 }, () => new Lock());
  // Waking the pending wait: it looks again at what it waits for.
  await Promise.all(others.map((other) => other.run(() => delay(1))));
  t.false(others.some((other) => other.locked));
  controller.abort();
  await t.throwsAsync(acquired, { code: 'ABORT_ERR' });
});

test.serial('wrong handle: refused with a code, and nothing else changes', (t) => {
  const lock = new Lock();
  const semaphore = new Semaphore(1);
  const before = native.domainInfo().liveBlocks;
  const refused = { name: 'MultiprocError', code: 'ERR_MULTIPROC_HANDLE' };
  t.throws(() => native.openObject(2, 4_000_000, 1), refused);
  t.throws(() => native.openObject(2, 0, 4_000_000), refused);
  t.throws(() => native.openObject(2, 4_294_967_295, 4_294_967_295), refused);
  const [index, generation] = native.createObject(3, 1).identity();
  t.throws(() => native.openObject(2, index, generation), refused);
  t.throws(() => native.openObject(2, index, generation + 1), refused);
  t.true(native.domainInfo().liveBlocks <= before + 1);
  t.true(lock.tryAcquire());
  t.true(semaphore.tryAcquire());
});

test.serial('names: one lock in this process, in others and in threads', async (t) => {
  const lock = new Lock({ name: 'named' });
  t.is(lock.name, 'named');
  const again = new Lock({ name: 'named' });
  again.acquireSync();
  t.true(lock.locked);
  t.false(new Lock({ name: 'named too' }).locked);
  const child = new Process(
    () => {
      const multiproc = require('multiproc');
      const there = new multiproc.Lock({ name: 'named' });
      const seen = there.tryAcquire();
      there.release();
      return seen;
    },
    { cwd: path.join(__dirname, '..', '..') },
  ).start();
  t.false(await child.result);
  t.false(lock.locked, 'released by the other process, which any may');
  t.throws(() => new Semaphore(1, { name: 'named' }), { code: 'ERR_MULTIPROC_NAME', message: /named/ });
  await child.join();
  t.true(lock.tryAcquire());
  lock.close();
  again.close();
  t.false(new Lock({ name: 'named' }).locked, 'with its last holder the object is gone, and the name is free');
});

test.serial('a process started with node:child_process finds the family through the environment', async (t) => {
  const name = 'in the environment';
  const lock = new Lock({ name });
  const counter = new SharedValue('i32', 0, { name: `${name} counter`, lock: false });
  const programs = [1, 2].map(() => run(fixture('plain.js'), [name, '3000']));
  for (let round = 0; round < 3000; round += 1) {
    lock.runSync(() => {
      counter.value = counter.value + 1;
    });
  }
  for (const { code, stdout, stderr } of await Promise.all(programs)) t.is(code, 0, stdout + stderr);
  t.is(counter.value, 9000);
});

test.serial('a worker thread uses a lock as the main thread does, under a thread id of its own', async (t) => {
  const lock = new Lock({ name: 'in a thread' });
  const [first, second, third, owner, locked, lockedInside] = await posted(startWorker(t, 'useLock', 'in a thread'));
  t.deepEqual([first, second, third, locked, lockedInside], [true, false, false, false, true]);
  t.is(owner.pid, process.pid);
  t.not(owner.threadId, process.pid);
  t.false(lock.locked);
});

test.serial('worker_thread_terminated_while_it_holds_the_lock_the_next_waiter_knows', async (t) => {
  const lock = new Lock({ name: 'held in a thread' });
  const worker = startWorker(t, 'hold', 'held in a thread');
  t.is(await posted(worker), 'held');
  const { threadId } = lock.owner;
  const here = lock.acquire({ timeout: BOUND });
  const there = await ready(t, acquires, lock);
  await worker.terminate();
  t.true(await here);
  const seen = [lock.abandonedBy];
  lock.release();
  seen.push((await there.result).from);
  const from = seen.find((agent) => agent !== null);
  t.is(
    seen.filter((agent) => agent !== null).length,
    1,
    'one of the two got it from the dead, the other in good order',
  );
  t.is(from.pid, process.pid);
  t.is(from.threadId, threadId);
});

test.serial('worker_thread_terminated_while_it_is_blocked_ends_and_takes_nothing', async (t) => {
  const lock = new Lock({ name: 'blocked in a thread' });
  lock.acquireSync();
  const worker = startWorker(t, 'block', 'blocked in a thread');
  t.is(await posted(worker), 'begins');
  const begun = milliseconds();
  const ended = await Promise.race([worker.terminate().then(() => true), delay(BOUND, false, { ref: false })]);
  t.log(`terminating it took ${(milliseconds() - begun).toFixed(0)} ms`);
  t.true(ended);
  lock.release();
  t.true(lock.acquireSync(0));
});

test.serial('process_exits_while_a_worker_thread_is_blocked', async (t) => {
  const { code, stdout, stderr } = await run(fixture('exits_beside_blocked_worker.js'), [], { timeout: BOUND });
  t.is(stdout, 'exits\n', stderr);
  t.is(code, 7);
});

test.serial('dispose closes and does not release', (t) => {
  const lock = new Lock({ name: 'disposed' });
  const other = new Lock({ name: 'disposed' });
  lock.acquireSync();
  lock[Symbol.dispose]();
  lock[Symbol.dispose]();
  t.throws(() => lock.locked, { code: 'ERR_MULTIPROC_CLOSED' });
  t.true(other.locked);
});

test.serial('run and runSync return what the function returns, and release also when it throws', async (t) => {
  const lock = new Lock();
  t.is(
    lock.runSync(() => {
      t.true(lock.locked);
      return 5;
    }),
    5,
  );
  t.is(
    await lock.run(async () => {
      await delay(1);
      t.true(lock.locked);
      return 6;
    }),
    6,
  );
  t.false(lock.locked);
  const failure = new Error('inside');
  const fails = () => {
    throw failure;
  };
  t.is(
    t.throws(() => lock.runSync(fails)),
    failure,
  );
  t.is(await t.throwsAsync(lock.run(fails)), failure);
  t.is(await t.throwsAsync(lock.run(async () => fails())), failure);
  t.false(lock.locked);
  lock.acquireSync();
  const never = () => t.fail('it has no lock');
  t.false(lock.runSync(never, 1));
  t.false(await lock.run(never, { timeout: 1 }));
  await t.throwsAsync(lock.run(never, { signal: AbortSignal.timeout(1) }), { code: 'ABORT_ERR' });
});
