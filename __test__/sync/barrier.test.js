'use strict';
// Barrier: parties meet, and whoever dies, gives up or aborts lets nobody wait for ever.

const path = require('node:path');
const test = require('ava');
const { Barrier, BrokenBarrierError, Process, SharedArray } = require('../..');
const native = require('../../lib/binding');
const family = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

const { BOUND, asleep, delay, kill, milliseconds, posted, ready, startWorker, until, warmUp } = family;
const target = (name) => ({ module: path.join(__dirname, '..', 'fixtures', 'sync', 'tasks.js'), export: name });
const BROKEN = { instanceOf: BrokenBarrierError, code: 'ERR_MULTIPROC_BROKEN_BARRIER' };

guard(test, { warmUp });

/** A party that arrives and blocks; its result is its index, or the code of its error with the dead party's pid. */
function arrives(begins, barrier) {
  begins.release();
  try {
    return barrier.waitSync();
  } catch (error) {
    return [error.code, error.deadParty?.pid];
  }
}

async function awaits(begins, barrier) {
  const waits = barrier.wait();
  begins.release();
  try {
    return await waits;
  } catch (error) {
    return [error.code, error.deadParty?.pid];
  }
}

/** A party that has the barrier and never comes. It keeps the object: what the collector has taken, it has no more. */
function staysAway(begins, barrier) {
  begins.release();
  return new Promise(() => setInterval(() => barrier.parties, 60_000));
}

test.serial('smoke: indices are 0 to n - 1, again and again', async (t) => {
  const barrier = new Barrier(3);
  t.is(barrier.parties, 3);
  t.is(barrier.waiting, 0);
  t.false(barrier.broken);
  for (let pass = 0; pass < 3; pass += 1) {
    const first = barrier.wait();
    t.is(barrier.waiting, 1);
    const others = [barrier.wait(), barrier.wait()];
    t.deepEqual(await Promise.all([first, ...others]), [0, 1, 2]);
    t.is(barrier.waiting, 0);
  }
  const alone = new Barrier(1);
  t.is(alone.waitSync(), 0);
  t.is(await alone.wait(), 0);
  barrier.close();
});

test.serial('contention: three processes and a worker thread pass hundreds of times together', async (t) => {
  const [rounds, parties] = [300, 4];
  const barrier = new Barrier(parties, { name: 'contended' });
  const { view } = new SharedArray('i32', 8);
  const args = [barrier, view, rounds, parties];
  const children = [1, 2, 3].map(() => new Process(target('hammerBarrier'), { args }).start());
  const worker = startWorker(t, 'hammerBarrier', 'contended', view, rounds, parties);
  const ended = [...children.map((child) => child.result), posted(worker)];
  t.deepEqual(await Promise.all(ended), ['done', 'done', 'done', 'done']);
  t.is(view[2], 0, 'somebody passed before all had arrived');
  t.is(view[0], rounds * parties);
  t.deepEqual([...view.subarray(4)], [rounds, rounds, rounds, rounds], 'each index once in each pass');
  t.false(barrier.broken);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('timeout: never before its time, and every party breaks, also the late one', async (t) => {
  for (const waits of [(barrier) => barrier.waitSync(120), (barrier) => barrier.wait({ timeout: 120 })]) {
    const barrier = new Barrier(4);
    const others = [await ready(t, arrives, barrier), await ready(t, awaits, barrier)];
    await until('the others wait', () => barrier.waiting === 2);
    const begun = milliseconds();
    const error = await t.throwsAsync(async () => waits(barrier), BROKEN);
    t.true(milliseconds() - begun >= 119.9);
    t.is(error.deadParty, undefined);
    t.regex(error.message, /in time/);
    t.true(barrier.broken);
    for (const { result } of others) t.deepEqual(await result, ['ERR_MULTIPROC_BROKEN_BARRIER', undefined]);
    await t.throwsAsync(barrier.wait(), BROKEN);
    t.throws(() => barrier.waitSync(), BROKEN);
  }
  const barrier = new Barrier(2);
  await t.throwsAsync(barrier.wait({ timeout: 0 }), BROKEN);
  barrier.reset();
  t.throws(() => barrier.waitSync(-1), BROKEN);
});

test.serial('a timeout of the last party to arrive does not matter', async (t) => {
  const barrier = new Barrier(2);
  const first = barrier.wait({ timeout: BOUND });
  t.is(barrier.waitSync(0), 1);
  t.is(await first, 0);
  t.false(barrier.broken);
});

test.serial('abort of a wait rejects with the reason as cause and breaks the barrier for the others', async (t) => {
  const barrier = new Barrier(3);
  const other = await ready(t, arrives, barrier);
  await until('it waits', () => barrier.waiting === 1);
  const controller = new AbortController();
  const waits = barrier.wait({ signal: controller.signal });
  const reason = new Error('enough');
  controller.abort(reason);
  const error = await t.throwsAsync(waits, { name: 'AbortError', code: 'ABORT_ERR' });
  t.is(error.cause, reason);
  t.deepEqual(await other.result, ['ERR_MULTIPROC_BROKEN_BARRIER', undefined]);
  t.true(barrier.broken);
  barrier.reset();
  await t.throwsAsync(barrier.wait({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
  t.false(barrier.broken, 'who does not even arrive breaks nothing');
  t.is(barrier.waiting, 0);
});

test.serial('abort(): all that wait fail, and all that come, until reset()', async (t) => {
  const barrier = new Barrier(4);
  const others = [await ready(t, arrives, barrier), await ready(t, awaits, barrier)];
  const here = barrier.wait();
  await until('three wait', () => barrier.waiting === 3);
  barrier.abort();
  await t.throwsAsync(here, BROKEN);
  for (const { result } of others) t.deepEqual(await result, ['ERR_MULTIPROC_BROKEN_BARRIER', undefined]);
  t.throws(() => barrier.waitSync(), BROKEN);
  barrier.reset();
  t.false(barrier.broken);
  const all = [barrier.wait(), barrier.wait(), barrier.wait(), barrier.wait()];
  t.deepEqual(await Promise.all(all), [0, 1, 2, 3]);
});

test.serial('reset() while some wait: they fail, and the barrier works', async (t) => {
  const barrier = new Barrier(3);
  const other = await ready(t, arrives, barrier);
  await until('it waits', () => barrier.waiting === 1);
  const here = barrier.wait();
  barrier.reset();
  await t.throwsAsync(here, BROKEN);
  t.deepEqual(await other.result, ['ERR_MULTIPROC_BROKEN_BARRIER', undefined]);
  t.is(barrier.waiting, 0);
  t.deepEqual(await Promise.all([barrier.wait(), barrier.wait(), barrier.wait()]), [0, 1, 2]);
});

test.serial('who waited before reset() fails also when the parties of the next phase are quicker', async (t) => {
  const barrier = new Barrier(2);
  const before = barrier.wait();
  barrier.reset();
  const after = [barrier.wait(), barrier.wait()];
  await t.throwsAsync(before, BROKEN);
  t.deepEqual(await Promise.all(after), [0, 1]);
});

test.serial('party_killed_after_it_arrived_the_others_break_and_know', async (t) => {
  for (const waits of [arrives, awaits]) {
    const barrier = new Barrier(4);
    const victim = await ready(t, waits, barrier);
    const others = [await ready(t, arrives, barrier), await ready(t, awaits, barrier)];
    await until('three wait', () => barrier.waiting === 3);
    const killedAt = await kill(victim);
    for (const { result } of others) t.deepEqual(await result, ['ERR_MULTIPROC_BROKEN_BARRIER', victim.pid]);
    t.log(`the others knew within ${(milliseconds() - killedAt).toFixed(0)} ms`);
    t.true(barrier.broken);
    const error = await t.throwsAsync(barrier.wait(), BROKEN);
    t.is(error.deadParty.pid, victim.pid);
    t.regex(error.message, new RegExp(`${victim.pid}`));
    barrier.reset();
    t.false(barrier.broken);
    await Promise.all([1, 2, 3, 4].map(() => barrier.wait({ timeout: BOUND })));
  }
});

test.serial('member_killed_that_had_not_yet_arrived_the_waiting_parties_break_and_know', async (t) => {
  const barrier = new Barrier(4);
  const victim = await ready(t, staysAway, barrier);
  const others = [await ready(t, arrives, barrier), await ready(t, awaits, barrier)];
  const here = barrier.wait({ timeout: BOUND });
  await until('three wait', () => barrier.waiting === 3);
  await kill(victim);
  const error = await t.throwsAsync(here, BROKEN);
  t.is(error.deadParty.pid, victim.pid);
  barrier.abort();
  const later = await t.throwsAsync(barrier.wait());
  t.is(later.deadParty?.pid, victim.pid, 'who breaks a broken barrier is not its cause');
  for (const { result } of others) t.deepEqual(await result, ['ERR_MULTIPROC_BROKEN_BARRIER', victim.pid]);
});

test.serial('member_killed_before_anybody_waits_the_first_to_come_breaks', async (t) => {
  const barrier = new Barrier(2);
  const victim = await ready(t, staysAway, barrier);
  await kill(victim);
  const error = await t.throwsAsync(barrier.wait({ timeout: BOUND }), BROKEN);
  t.is(error.deadParty?.pid, victim.pid);
  barrier.reset();
  t.deepEqual(await Promise.all([barrier.wait({ timeout: BOUND }), barrier.wait({ timeout: BOUND })]), [0, 1]);
});

test.serial('member_that_ends_in_good_order_breaks_nothing', async (t) => {
  const barrier = new Barrier(2);
  const child = new Process((there) => there.parties, { args: [barrier] }).start();
  t.is(await child.result, 2);
  await child.join();
  const first = barrier.wait({ timeout: BOUND });
  await delay(50);
  t.is(barrier.waitSync(), 1);
  t.is(await first, 0);
});

test.serial('closing one of two objects of a barrier does not end the membership', async (t) => {
  const barrier = new Barrier(2, { name: 'two objects' });
  const victim = await ready(
    t,
    async (begins, first) => {
      const multiproc = require('multiproc');
      const second = new multiproc.Barrier(2, { name: 'two objects' });
      second.close();
      begins.release();
      await new Promise(() => setInterval(() => {}, 60_000));
      first.close();
    },
    barrier,
  );
  await kill(victim);
  const error = await t.throwsAsync(barrier.wait({ timeout: 2000 }), BROKEN);
  t.is(error.deadParty?.pid, victim.pid);
});

test.serial('worker_thread_terminated_while_it_waits_the_others_break', async (t) => {
  const barrier = new Barrier(3, { name: 'in a thread' });
  const worker = startWorker(t, 'arrive', 'in a thread', 3);
  t.is(await posted(worker), 'arrived');
  const other = await ready(t, arrives, barrier);
  await until('two wait', () => barrier.waiting === 2);
  await worker.terminate();
  t.is((await other.result)[0], 'ERR_MULTIPROC_BROKEN_BARRIER');
  t.true(barrier.broken);
});

test.serial('stopped_party_is_waited_for', async (t) => {
  const barrier = new Barrier(3);
  const stopped = await ready(t, arrives, barrier);
  await asleep(stopped.pid);
  stopped.signal('SIGSTOP');
  const first = barrier.wait({ timeout: BOUND });
  t.is(barrier.waitSync(), 2, 'it had arrived');
  t.is(await first, 1);
  stopped.signal('SIGCONT');
  t.is(await stopped.result, 0);
});

test.serial('arguments out of range or of the wrong kind throw with a code', async (t) => {
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
  for (const parties of [0, -1, 1.5, Number.NaN, 65_537]) t.throws(() => new Barrier(parties), range);
  for (const parties of [undefined, '2', 2n]) t.throws(() => new Barrier(parties), type);
  const barrier = new Barrier(2);
  t.throws(() => barrier.waitSync('1'), type);
  t.throws(() => barrier.waitSync(Number.NaN), range);
  await t.throwsAsync(barrier.wait({ timeout: {} }), type);
  await t.throwsAsync(barrier.wait({ signal: 1 }), type);
  await t.throwsAsync(barrier.wait(1), type);
  t.is(barrier.waiting, 0, 'nobody has arrived by that');
  t.false(barrier.broken);
  t.is(new Barrier(65_536).parties, 65_536);
});

test.serial('close: use after it throws, twice is fine, and a pending wait goes on', async (t) => {
  const [one, other] = [new Barrier(2, { name: 'closed' }), new Barrier(2, { name: 'closed' })];
  const waits = one.wait({ timeout: BOUND });
  one.close();
  one.close();
  const closed = { name: 'MultiprocError', code: 'ERR_MULTIPROC_CLOSED' };
  for (const use of [
    () => one.waitSync(),
    () => one.parties,
    () => one.waiting,
    () => one.broken,
    () => one.abort(),
    () => one.reset(),
  ]) {
    t.throws(use, closed);
  }
  await t.throwsAsync(one.wait(), closed);
  t.is(other.waiting, 1);
  t.is(other.waitSync(), 1);
  t.is(await waits, 0);
  other[Symbol.dispose]();
  t.throws(() => other.parties, closed);
});

test.serial('wrong handle: refused with a code', (t) => {
  const refused = { name: 'MultiprocError', code: 'ERR_MULTIPROC_HANDLE' };
  const [index, generation] = native.createObject(2, 0).identity();
  t.throws(() => native.openObject(4, index, generation), refused);
  t.throws(() => native.openObject(4, index, generation + 1), refused);
  t.throws(() => native.openObject(4, 4_000_000_000, 1), refused);
});

test.serial('names: one barrier in all processes; another number of parties is refused', async (t) => {
  const barrier = new Barrier(2, { name: 'named' });
  t.is(barrier.name, 'named');
  const child = new Process(
    () => {
      const multiproc = require('multiproc');
      return new multiproc.Barrier(2, { name: 'named' }).wait();
    },
    { cwd: path.join(__dirname, '..', '..') },
  ).start();
  const here = await barrier.wait({ timeout: BOUND });
  t.is(here + (await child.result), 1);
  await child.join();
  t.throws(() => new Barrier(3, { name: 'named' }), { code: 'ERR_MULTIPROC_NAME', message: /2 parties, not 3/ });
  t.deepEqual(await Promise.all([barrier.wait(), barrier.wait()]), [0, 1], 'the refusal changed nothing');
});
