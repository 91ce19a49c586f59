'use strict';
// Barrier: what the last party does before all pass, the time limit that the barrier has, and CPython's cases.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const test = require('ava');
const { Barrier, BrokenBarrierError, Lock, SharedArray, SharedValue, defineTasks } = require('../..');
const { BOUND, kill, milliseconds, ready, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

const BROKEN = { instanceOf: BrokenBarrierError, code: 'ERR_MULTIPROC_BROKEN_BARRIER' };
const MODULE = path.join(__dirname, '..', 'fixtures', 'sync', 'action.mjs');

guard(test, { warmUp });

/** A party that comes `rounds` times, in turns blocking and awaiting. Tells its indices, or the code of its error. */
async function comes(begins, barrier, rounds) {
  begins.release();
  const indices = [];
  try {
    for (let round = 0; round < rounds; round += 1)
      indices.push(round % 2 === 0 ? barrier.waitSync() : await barrier.wait());
    return indices;
  } catch (error) {
    return error.code;
  }
}

test.serial('CPython 27: indices are 0 to 4, and the action has run once before anybody passes', async (t) => {
  const acted = new SharedValue('i32');
  const passed = new SharedValue('i32');
  const rounds = 20;
  const barrier = new Barrier(5, {
    scope: { acted, passed },
    action: () => {
      // All that passed before have come again.
      if (passed.value !== acted.value * 5) throw new Error('somebody passed before the action');
      acted.add(1);
    },
  });
  const party = async (begins, there, before, after, count) => {
    begins.release();
    const indices = [];
    for (let round = 0; round < count; round += 1) {
      indices.push(round % 2 === 0 ? there.waitSync() : await there.wait());
      if (before.value !== round + 1) return 'passed without the action';
      after.add(1);
    }
    return indices;
  };
  const args = [barrier, acted, passed, rounds];
  const children = await Promise.all([1, 2, 3, 4, 5].map(() => ready(t, party, ...args)));
  const results = await Promise.all(children.map(({ result }) => result));
  for (let round = 0; round < rounds; round += 1) {
    const indices = results.map((result) => result[round]);
    t.deepEqual([...indices].sort(), [0, 1, 2, 3, 4]);
  }
  t.is(acted.value, rounds);
  t.false(barrier.broken);
});

test.serial('the action runs in whoever comes last, here or there, in both forms', async (t) => {
  const where = new SharedArray('i32', 1);
  const barrier = new Barrier(2, {
    scope: { where },
    action: () => {
      where.view[0] = process.pid;
    },
  });
  const child = await ready(t, comes, barrier, 2);
  await until('it waits', () => barrier.waiting === 1);
  t.is(await barrier.wait(), 1);
  t.is(where.view[0], process.pid);
  const first = barrier.wait();
  const indices = await child.result;
  if (indices[1] === 1) t.is(where.view[0], child.pid);
  t.is((await first) + indices[1], 1);
  t.is(barrier.waiting, 0);
  const alone = new Barrier(1, { action: () => 5 });
  t.is(alone.waitSync(), 0);
  t.is(await alone.wait(), 0);
});

test.serial('an asynchronous action is awaited, and who comes early for the next round waits', async (t) => {
  const gates = [];
  const barrier = new Barrier(2, { action: defineGate(gates) });
  const first = [barrier.wait(), barrier.wait()];
  await until('it acts', () => gates.length === 1);
  const next = [barrier.wait(), barrier.wait()];
  const late = t.throwsAsync(barrier.wait({ timeout: 20 }), { ...BROKEN, message: /in time/ });
  t.is(barrier.waiting, 2, 'those of the next round have not arrived');
  await late;
  // Who gave up broke the round that was under way, and so all of it.
  gates.pop()();
  for (const wait of [...first, ...next]) await t.throwsAsync(wait, BROKEN);
  barrier.reset();
  const again = [barrier.wait(), barrier.wait()];
  await until('it acts again', () => gates.length === 1);
  const afterwards = [barrier.wait(), barrier.wait()];
  gates.pop()();
  t.deepEqual(await Promise.all(again), [0, 1]);
  await until('it acts for those that came early', () => gates.length === 1);
  gates.pop()();
  t.deepEqual((await Promise.all(afterwards)).sort(), [0, 1]);
});

/** An action of this file, for barriers that stay in this process: its module is loaded already. */
function defineGate(gates) {
  const name = `gate ${Math.random()}`;
  return defineTasks(__filename, { [name]: () => new Promise((resolve) => gates.push(resolve)) })[name];
}

test.serial('an action that throws: its party gets the error, the others a broken barrier', async (t) => {
  const fails = [
    () => {
      throw new RangeError('the action failed');
    },
    async () => {
      throw new RangeError('the action failed');
    },
  ];
  for (const action of fails) {
    const barrier = new Barrier(3, { action });
    const others = [await ready(t, comes, barrier, 1), await ready(t, comes, barrier, 1)];
    await until('two wait', () => barrier.waiting === 2);
    await t.throwsAsync(barrier.wait(), { instanceOf: RangeError, message: 'the action failed' });
    for (const { result } of others) t.is(await result, 'ERR_MULTIPROC_BROKEN_BARRIER');
    t.true(barrier.broken);
    barrier.reset();
    t.false(barrier.broken);
  }
  const barrier = new Barrier(1, { action: fails[0] });
  t.throws(() => barrier.waitSync(), { instanceOf: RangeError });
  t.true(barrier.broken);
});

test.serial('a blocked party cannot await: an action that returns a promise breaks the barrier', async (t) => {
  const barrier = new Barrier(2, { action: async () => {} });
  const other = barrier.wait();
  t.throws(() => barrier.waitSync(), { code: 'ERR_MULTIPROC_UNSUPPORTED' });
  await t.throwsAsync(other, BROKEN);
});

test.serial('an object that is closed during its action completes it', async (t) => {
  const gates = [];
  const [one, other] = [0, 1].map(() => new Barrier(2, { action: defineGate(gates), name: 'closed in action' }));
  const waits = [other.wait({ timeout: BOUND }), one.wait({ timeout: BOUND })];
  await until('it acts', () => gates.length === 1);
  one.close();
  gates.pop()();
  t.deepEqual(await Promise.all(waits), [0, 1]);
  await t.throwsAsync(one.wait(), { code: 'ERR_MULTIPROC_CLOSED' });
});

test.serial('party_killed_in_the_action_the_others_break_and_know', async (t) => {
  const acting = new SharedValue('i32');
  const barrier = new Barrier(2, {
    scope: { acting },
    action: () => {
      acting.add(1);
      return new Promise(() => setInterval(() => {}, 60_000));
    },
  });
  const here = barrier.wait({ timeout: BOUND });
  const victim = await ready(
    t,
    (begins, there) => {
      begins.release();
      return there.wait();
    },
    barrier,
  );
  await until('it acts', () => acting.value === 1);
  await kill(victim);
  const error = await t.throwsAsync(here, BROKEN);
  t.is(error.deadParty?.pid, victim.pid);
});

test.serial('an action of an ES module', async (t) => {
  const acted = new SharedValue('i32', 0, { name: 'acted in a module' });
  const barrier = new Barrier(2, { action: { module: pathToFileURL(MODULE) } });
  const child = await ready(
    t,
    async (begins, there) => {
      begins.release();
      return [await there.wait(), await there.wait(), there.waitSync()];
    },
    barrier,
  );
  for (let round = 0; round < 3; round += 1) await barrier.wait({ timeout: BOUND });
  t.is((await child.result).length, 3);
  t.is(acted.value, 3);
});

test.serial('what cannot run elsewhere is refused when the barrier is made', (t) => {
  const outer = 5;
  t.throws(() => new Barrier(2, { action: () => outer }), { code: 'ERR_MULTIPROC_CLOSURE' });
  t.throws(() => new Barrier(2, { action: 5 }), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => new Barrier(2, { action: { module: './nowhere.js' } }), { code: 'ERR_MULTIPROC_TARGET' });
  t.throws(() => new Barrier(2, { timeout: '5' }), { code: 'ERR_INVALID_ARG_TYPE' });
});

test.serial('a module without that export fails before its party has arrived', async (t) => {
  const barrier = new Barrier(2, { action: { module: pathToFileURL(MODULE), export: 'nothing' } });
  await t.throwsAsync(barrier.wait(), { code: 'ERR_MULTIPROC_TARGET' });
  t.is(barrier.waiting, 0);
  t.false(barrier.broken);
});

test.serial('CPython 28: one aborts, the others break; after reset() it works again', async (t) => {
  const barrier = new Barrier(5);
  const aborts = (begins, there) => {
    begins.release();
    there.abort();
  };
  const others = await Promise.all([1, 2, 3, 4].map(() => ready(t, comes, barrier, 1)));
  await until('four wait', () => barrier.waiting === 4);
  await ready(t, aborts, barrier);
  for (const { result } of others) t.is(await result, 'ERR_MULTIPROC_BROKEN_BARRIER');
  t.true(barrier.broken);
  barrier.reset();
  t.false(barrier.broken);
  const again = await Promise.all([1, 2, 3, 4].map(() => ready(t, comes, barrier, 1)));
  const indices = [await barrier.wait(), ...(await Promise.all(again.map(({ result }) => result))).flat()];
  t.deepEqual(indices.sort(), [0, 1, 2, 3, 4]);
});

test.serial(
  'CPython 29: one comes later than the limit of the barrier: every party breaks, the late one too',
  async (t) => {
    const barrier = new Barrier(3, { timeout: 120 });
    for (const how of ['the default', 'its own']) {
      const begun = milliseconds();
      const waits =
        how === 'the default'
          ? [barrier.wait(), barrier.wait()]
          : [barrier.wait({ timeout: 60 }), barrier.wait({ timeout: Infinity })];
      for (const wait of waits) await t.throwsAsync(wait, BROKEN);
      t.true(milliseconds() - begun >= (how === 'the default' ? 119.9 : 59.9));
      await t.throwsAsync(barrier.wait(), BROKEN);
      t.throws(() => barrier.waitSync(), BROKEN);
      barrier.reset();
    }
    // The limit travels with the barrier.
    const child = await ready(t, comes, barrier, 1);
    t.is(await child.result, 'ERR_MULTIPROC_BROKEN_BARRIER');
    barrier.reset();
    t.throws(() => barrier.waitSync(), BROKEN);
  },
);

test.serial('CPython 30: a thousand passes of five, and what they write is grouped by pass', async (t) => {
  const [parties, passes] = [5, 1000];
  const barrier = new Barrier(parties);
  const lock = new Lock();
  const log = new SharedArray('i32', 1 + parties * passes);
  const party = (begins, there, guardian, { view }, count) => {
    begins.release();
    for (let pass = 0; pass < count; pass += 1) {
      there.waitSync();
      guardian.runSync(() => {
        view[0] += 1;
        view[view[0]] = pass;
      });
    }
  };
  const children = await Promise.all(
    Array.from({ length: parties }, () => ready(t, party, barrier, lock, log, passes)),
  );
  await Promise.all(children.map(({ result }) => result));
  t.is(log.view[0], parties * passes);
  const expected = Array.from({ length: parties * passes }, (_, index) => Math.floor(index / parties));
  // Nobody passes again before all have written.
  t.deepEqual([...log.view.subarray(1)], expected);
});
