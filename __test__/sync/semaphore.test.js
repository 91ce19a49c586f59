'use strict';
// Semaphore: permits that processes and threads share, none of which gets lost with a waiter.

const path = require('node:path');
const test = require('ava');
const { Process, Semaphore, SharedArray } = require('../..');
const native = require('../../lib/binding');
const family = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

const { BOUND, asleep, delay, kill, milliseconds, posted, ready, startWorker, until, warmUp } = family;
const target = (name) => ({ module: path.join(__dirname, '..', 'fixtures', 'sync', 'tasks.js'), export: name });
const VALUE_MAX = 2 ** 30 - 1;

guard(test, { warmUp });

/** Says that it begins, takes a permit and tells when that was. */
function takes(begins, semaphore) {
  begins.release();
  semaphore.acquireSync();
  return Number(process.hrtime.bigint()) / 1e6;
}

async function awaits(begins, semaphore) {
  const acquired = semaphore.acquire();
  begins.release();
  await acquired;
  return Number(process.hrtime.bigint()) / 1e6;
}

test.serial('smoke: permits are taken, counted and given back in every way', async (t) => {
  const semaphore = new Semaphore(3);
  t.is(semaphore.name, undefined);
  t.is(semaphore.value, 3);
  t.true(semaphore.acquireSync());
  t.true(await semaphore.acquire());
  t.true(semaphore.tryAcquire());
  t.is(semaphore.value, 0);
  t.false(semaphore.tryAcquire());
  t.is(semaphore.release(), undefined);
  t.is(semaphore.value, 1);
  semaphore.release(4);
  t.is(semaphore.value, 5, 'more than at first, as in Python');
  t.is(new Semaphore().value, 1);
  t.is(new Semaphore(0).value, 0);
  t.is(new Semaphore(VALUE_MAX).value, VALUE_MAX);
  semaphore.close();
});

test.serial('contention: three processes and a worker thread, never more inside than permits', async (t) => {
  const [rounds, permits] = [1500, 2];
  const semaphore = new Semaphore(permits, { name: 'contended' });
  const { view } = new SharedArray('i32', 8);
  const args = [semaphore, view, rounds, permits];
  const children = [1, 2, 3].map(() => new Process(target('hammerSemaphore'), { args }).start());
  const worker = startWorker(t, 'hammerSemaphore', 'contended', view, rounds, permits);
  const ended = [...children.map((child) => child.result), posted(worker)];
  t.deepEqual(await Promise.all(ended), ['done', 'done', 'done', 'done']);
  t.is(view[2], 0, 'more were inside than there are permits');
  t.is(view[0], 4 * rounds);
  t.is(semaphore.value, permits);
  t.log(`${view[3]} were inside at once`);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('timeout: with no permit false at once, at once, and never before its time', async (t) => {
  const semaphore = new Semaphore(0);
  for (const timeout of [0, -1, -Infinity]) {
    t.false(semaphore.acquireSync(timeout));
    t.false(await semaphore.acquire({ timeout }));
  }
  for (const timeout of [30, 120]) {
    for (const wait of [() => semaphore.acquireSync(timeout), () => semaphore.acquire({ timeout })]) {
      const begun = milliseconds();
      t.false(await wait());
      t.true(milliseconds() - begun >= timeout - 0.1);
    }
  }
  semaphore.release();
  t.is(semaphore.value, 1, 'no wait that gave up took it');
});

test.serial('arguments out of range or of the wrong kind throw with a code and change nothing', async (t) => {
  const semaphore = new Semaphore(1);
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
  for (const value of [-1, 1.5, Number.NaN, 2 ** 30, Infinity]) t.throws(() => new Semaphore(value), range);
  for (const value of ['1', null, 1n, {}]) t.throws(() => new Semaphore(value), type);
  for (const count of [0, -1, 1.5, Number.NaN, 2 ** 30]) t.throws(() => semaphore.release(count), range);
  t.throws(() => semaphore.release('1'), type);
  t.throws(() => semaphore.acquireSync('1'), type);
  t.throws(() => semaphore.acquireSync(Number.NaN), range);
  await t.throwsAsync(semaphore.acquire({ timeout: [] }), type);
  await t.throwsAsync(semaphore.acquire({ signal: 'x' }), type);
  await t.throwsAsync(semaphore.run(1), type);
  t.throws(() => semaphore.runSync(1), type);
  t.is(semaphore.value, 1);
});

test.serial('release beyond the largest value throws and gives nothing', (t) => {
  const semaphore = new Semaphore(VALUE_MAX);
  const error = t.throws(() => semaphore.release(), { code: 'ERR_MULTIPROC_SEM_OVERFLOW' });
  t.regex(error.message, new RegExp(`${VALUE_MAX}`));
  t.is(semaphore.value, VALUE_MAX);
  semaphore.acquireSync();
  t.throws(() => semaphore.release(2), { code: 'ERR_MULTIPROC_SEM_OVERFLOW' });
  semaphore.release();
  t.is(semaphore.value, VALUE_MAX);
});

test.serial('abort: rejects with the reason as cause, and the permit goes to the next waiter', async (t) => {
  const semaphore = new Semaphore(0);
  const controller = new AbortController();
  const aborted = semaphore.acquire({ signal: controller.signal });
  const other = await ready(t, takes, semaphore);
  await asleep(other.pid);
  const reason = new Error('no longer wanted');
  controller.abort(reason);
  const error = await t.throwsAsync(aborted, { name: 'AbortError', code: 'ABORT_ERR' });
  t.is(error.cause, reason);
  semaphore.release();
  await other.result;
  t.is(semaphore.value, 0);
  const early = await t.throwsAsync(semaphore.acquire({ signal: AbortSignal.abort(7) }), { code: 'ABORT_ERR' });
  t.is(early.cause, 7);
  semaphore.release();
  t.is(semaphore.value, 1);
});

test.serial('abort of the first of several waits: the second gets the permit', async (t) => {
  const semaphore = new Semaphore(0);
  const controller = new AbortController();
  const first = semaphore.acquire({ signal: controller.signal });
  const second = semaphore.acquire({ timeout: BOUND });
  // In one go: the first is woken for the permit, or aborted before that.
  semaphore.release();
  controller.abort();
  await Promise.allSettled([first]);
  t.true(await second);
  t.is(semaphore.value, 0);
});

test.serial('waiter_killed_no_permit_is_lost', async (t) => {
  for (const waits of [takes, awaits]) {
    const semaphore = new Semaphore(0);
    const waiters = [];
    for (let count = 0; count < 3; count += 1) waiters.push(await ready(t, waits, semaphore));
    for (const { pid } of waiters) await asleep(pid);
    await kill(waiters[0]);
    semaphore.release(2);
    await Promise.all([waiters[1].result, waiters[2].result]);
    t.is(semaphore.value, 0, 'the two that live have the two permits');
  }
});

test.serial('waiter_killed_as_it_is_woken_its_permit_goes_to_another_or_died_with_it', async (t) => {
  for (let round = 0; round < 4; round += 1) {
    const semaphore = new Semaphore(0);
    const waiters = [await ready(t, takes, semaphore), await ready(t, takes, semaphore)];
    for (const { pid } of waiters) await asleep(pid);
    const [victim, survivor] = round % 2 === 0 ? waiters : [...waiters].reverse();
    semaphore.release();
    await kill(victim);
    // A permit has no owner: the victim may have taken it. Then it is gone, and one more is enough.
    const got = await Promise.race([survivor.result.then(() => true), delay(1500, false, { ref: false })]);
    if (!got) {
      t.is(semaphore.value, 0, 'a permit is there, and nobody was woken for it');
      semaphore.release();
      await survivor.result;
    }
    t.is(semaphore.value, 0);
  }
});

test.serial('holder_killed_its_permits_stay_taken_and_any_process_may_release_them', async (t) => {
  const semaphore = new Semaphore(2);
  const holder = await ready(
    t,
    (isReady, permits) => {
      permits.acquireSync();
      isReady.release();
      return new Promise(() => setInterval(() => {}, 60_000));
    },
    semaphore,
  );
  t.is(semaphore.value, 1);
  await kill(holder);
  t.is(semaphore.value, 1);
  t.true(semaphore.acquireSync());
  t.false(semaphore.acquireSync(50));
  semaphore.release(2);
  t.is(semaphore.value, 2);
});

test.serial('stopped_waiter_does_not_keep_the_others_from_a_permit', async (t) => {
  const semaphore = new Semaphore(0);
  const stopped = await ready(t, takes, semaphore);
  await asleep(stopped.pid);
  stopped.signal('SIGSTOP');
  let longest = 0;
  for (let round = 0; round < 3; round += 1) {
    const other = await ready(t, takes, semaphore);
    await asleep(other.pid);
    const releasedAt = milliseconds();
    semaphore.release();
    longest = Math.max(longest, (await other.result) - releasedAt);
  }
  t.log(`the longest delay was ${longest.toFixed(0)} ms`);
  t.true(longest < 5000);
  semaphore.release();
  stopped.signal('SIGCONT');
  await stopped.result;
  t.is(semaphore.value, 0);
});

test.serial('release(n) lets exactly n waiters go on', async (t) => {
  const semaphore = new Semaphore(0);
  const { view } = new SharedArray('i32', 1);
  const waiters = [];
  for (let count = 0; count < 4; count += 1) {
    waiters.push(
      await ready(
        t,
        async (begins, permits, passed, awaiting) => {
          begins.release();
          if (awaiting) await permits.acquire();
          else permits.acquireSync();
          Atomics.add(passed, 0, 1);
        },
        semaphore,
        view,
        count % 2 === 0,
      ),
    );
  }
  const here = semaphore.acquire({ timeout: BOUND }).then(() => Atomics.add(view, 0, 1));
  semaphore.release(2);
  await until('two have passed', () => view[0] === 2);
  t.is(semaphore.value, 0);
  semaphore.release(3);
  await Promise.all([here, ...waiters.map(({ result }) => result)]);
  t.is(view[0], 5);
  t.is(semaphore.value, 0);
});

test.serial('several waits of one thread get their permits in order', async (t) => {
  const semaphore = new Semaphore(0);
  const order = [];
  const waits = [0, 1, 2, 3].map((number) => semaphore.acquire({ timeout: BOUND }).then(() => order.push(number)));
  for (let count = 0; count < 4; count += 1) {
    semaphore.release();
    await waits[count];
  }
  t.deepEqual(order, [0, 1, 2, 3]);
  semaphore.release(2);
  t.true(semaphore.tryAcquire());
});

test.serial('close: use after it throws, twice is fine; a wait that is pending goes on', async (t) => {
  const [one, other] = [new Semaphore(0, { name: 'closed' }), new Semaphore(5, { name: 'closed' })];
  t.is(other.value, 0, 'the one that is there keeps its value');
  const acquired = one.acquire({ timeout: BOUND });
  one.close();
  one.close();
  const closed = { name: 'MultiprocError', code: 'ERR_MULTIPROC_CLOSED' };
  for (const use of [
    () => one.acquireSync(),
    () => one.tryAcquire(),
    () => one.release(),
    () => one.value,
    () => one.runSync(() => {}),
  ]) {
    t.throws(use, closed);
  }
  await t.throwsAsync(one.acquire(), closed);
  const others = Array.from({ length: 10 }, () => new Semaphore(1));
  await delay(1);
  t.true(
    others.every(({ value }) => value === 1),
    'it takes no permit of a semaphore that lies in the same place',
  );
  other.release();
  t.true(await acquired);
  t.is(other.value, 0);
  const disposed = new Semaphore(1);
  disposed[Symbol.dispose]();
  t.throws(() => disposed.value, closed);
});

test.serial('close during a wait for a semaphore that nobody else has: no permit of another is taken', async (t) => {
  const semaphore = new Semaphore(0);
  const controller = new AbortController();
  const acquired = semaphore.acquire({ signal: controller.signal });
  semaphore.close();
  const others = Array.from({ length: 20 }, () => new Semaphore(1));
  await Promise.all(others.map((other) => other.run(() => delay(1))));
  t.true(others.every(({ value }) => value === 1));
  controller.abort();
  await t.throwsAsync(acquired, { code: 'ABORT_ERR' });
});

test.serial('wrong handle: refused with a code', (t) => {
  const refused = { name: 'MultiprocError', code: 'ERR_MULTIPROC_HANDLE' };
  const [index, generation] = native.createObject(2, 0).identity();
  t.throws(() => native.openObject(3, index, generation), refused);
  t.throws(() => native.openObject(3, index, generation + 1), refused);
  t.throws(() => native.openObject(3, 4_000_000_000, 1), refused);
});

test.serial('names: one semaphore in all processes, whose first user gives it its value', async (t) => {
  const semaphore = new Semaphore(2, { name: 'named' });
  t.is(semaphore.name, 'named');
  const child = new Process(
    () => {
      const multiproc = require('multiproc');
      const there = new multiproc.Semaphore(7, { name: 'named' });
      there.acquireSync();
      return there.value;
    },
    { cwd: path.join(__dirname, '..', '..') },
  ).start();
  t.is(await child.result, 1);
  await child.join();
  t.is(semaphore.value, 1);
  t.throws(() => new Semaphore(0, { name: 'x'.repeat(201) }), { code: 'ERR_INVALID_ARG_VALUE' });
});

test.serial('run and runSync give the permit back also when the function throws', async (t) => {
  const semaphore = new Semaphore(1);
  t.is(
    semaphore.runSync(() => semaphore.value),
    0,
  );
  t.is(await semaphore.run(async () => semaphore.value), 0);
  const failure = new Error('inside');
  const fails = () => {
    throw failure;
  };
  t.is(
    t.throws(() => semaphore.runSync(fails)),
    failure,
  );
  t.is(await t.throwsAsync(semaphore.run(fails)), failure);
  t.is(semaphore.value, 1);
  semaphore.acquireSync();
  const never = () => t.fail('it has no permit');
  t.false(semaphore.runSync(never, 1));
  t.false(await semaphore.run(never, { timeout: 1 }));
  t.is(semaphore.value, 0);
});
