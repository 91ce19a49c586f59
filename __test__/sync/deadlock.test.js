'use strict';
// Deadlocks: one of those that wait for each other learns of it, the others get what they waited for.

const { Worker } = require('node:worker_threads');
const test = require('ava');
const multiproc = require('../..');
const { BOUND, asleep, delay, posted, ready, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

const { Barrier, DeadlockError, Lock, Once, Process, RLock, RwLock, Semaphore, SharedArray } = multiproc;
const FILE = require.resolve('../fixtures/sync/deadlocks');
const OPPOSITE = { module: FILE, export: 'opposite' };

guard(test, { warmUp });

/** Starts one process for each pair of locks; they take their first ones, meet, and go on. */
function startRing(t, locks, blocks) {
  const meeting = new Barrier(locks.length);
  return locks.map((lock, index) => {
    const how = { parties: locks.length, meeting, blocks: blocks[index % blocks.length] };
    return start(t, OPPOSITE, lock, locks[(index + 1) % locks.length], how);
  });
}

function start(t, target, ...args) {
  const child = new Process(target, { args }).start();
  child.result.catch(() => {});
  t.teardown(async () => {
    if (child.isAlive()) child.kill();
    await child.join();
  });
  return child;
}

const sorted = (list) => [...list].sort();

/** @returns {Promise<Array<{ begun: number, ended: number, told: object | null }>>} */
function outcomes(children) {
  return Promise.all(children.map((child) => child.result));
}

/** The one that was told, after a look at how long that took. */
function theOneTold(t, results) {
  const told = results.filter((result) => result.told !== null);
  t.is(told.length, 1, 'one gives way, and only one');
  const closed = Math.max(...results.map(({ begun }) => begun));
  const after = told[0].ended - closed;
  t.log(`told ${after.toFixed(0)} ms after the circle was closed`);
  t.true(after < 5000);
  return told[0].told;
}

const WAYS = { 'both blocking': [true, true], 'both awaiting': [false, false], 'one of each': [true, false] };
for (const [way, blocks] of Object.entries(WAYS)) {
  test.serial(`two processes, opposite order, ${way}: one is told who waits for whom, the other goes on`, async (t) => {
    const locks = [new Lock({ name: 'left' }), new Lock()];
    const children = startRing(t, locks, blocks);
    const results = await outcomes(children);
    const { code, message, cycle } = theOneTold(t, results);
    t.is(code, 'ERR_MULTIPROC_DEADLOCK');
    t.is(cycle.length, 2);
    const victim = children[results.findIndex(({ told }) => told !== null)];
    t.is(cycle[0].pid, victim.pid, 'the circle begins with who is told');
    t.deepEqual(sorted(cycle.map(({ pid }) => pid)), sorted(children.map(({ pid }) => pid)));
    for (const [index, member] of cycle.entries()) {
      const child = children.find(({ pid }) => pid === member.pid);
      t.is(member.name, child.name);
      t.is(member.threadId, child.pid);
      t.is(member.waitsFor, cycle[1 - index].holds);
      t.true(message.includes(`process ${child.pid} (${child.name}) waits for ${member.waitsFor}`), message);
    }
    t.deepEqual(sorted(cycle.map(({ holds }) => holds.replace(/#\d+/, '#'))), ['lock "left"', 'lock #']);
    t.deepEqual(
      locks.map(({ locked }) => locked),
      [false, false],
    );
  });
}

for (const parties of [3, 5]) {
  test.serial(`${parties} processes in a circle: one is told of all, and all end`, async (t) => {
    const locks = Array.from({ length: parties }, () => new Lock());
    const children = startRing(t, locks, [true, false]);
    const { cycle } = theOneTold(t, await outcomes(children));
    t.deepEqual(sorted(cycle.map(({ pid }) => pid)), sorted(children.map(({ pid }) => pid)));
  });
}

test.serial('the error travels: it is a DeadlockError with its circle on the other side too', async (t) => {
  const locks = [new Lock(), new Lock()];
  const meeting = new Barrier(2);
  const careless = async (first, second, meets) => {
    await first.acquire();
    await meets.wait();
    await second.acquire();
    second.release();
    first.release();
  };
  const children = [locks, [...locks].reverse()].map(
    (pair) => new Process(careless, { args: [...pair, meeting], stdio: 'ignore' }),
  );
  for (const child of children) child.start().result.catch(() => {});
  const settled = await Promise.allSettled(children.map(({ result }) => result));
  const { reason } = settled.find(({ status }) => status === 'rejected');
  t.true(reason instanceof DeadlockError);
  t.is(reason.cycle.length, 2);
  // Whoever was told has ended with what it held, and the other has it from the dead.
  t.is(settled.filter(({ status }) => status === 'fulfilled').length, 1);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('who waits on a circle of others is not told, and gets its lock', async (t) => {
  const locks = [new Lock(), new Lock()];
  const children = startRing(t, locks, [true, false]);
  const bystanders = [
    start(t, { module: FILE, export: 'acquires' }, locks[0]),
    start(t, { module: FILE, export: 'acquiresBlocking' }, locks[1]),
  ];
  theOneTold(t, await outcomes(children));
  for (const { told } of await outcomes(bystanders)) t.is(told, null);
});

test.serial('worker threads of one process, and a worker thread and a process', async (t) => {
  const thread = (first, second, blocks) => {
    const how = { parties: 2, blocks };
    const worker = new Worker(FILE, { workerData: { deadlocks: { task: 'opposite', args: [first, second, how] } } });
    t.teardown(() => worker.terminate());
    return posted(worker);
  };
  for (const blocks of [true, false]) {
    const told = theOneTold(t, await Promise.all([thread('a', 'b', blocks), thread('b', 'a', blocks)]));
    t.deepEqual(
      told.cycle.map(({ pid }) => pid),
      [process.pid, process.pid],
    );
    t.not(told.cycle[0].threadId, told.cycle[1].threadId);
    t.regex(told.message, new RegExp(`process ${process.pid}, thread ${told.cycle[0].threadId} waits for lock "[ab]"`));
  }
  const child = start(t, OPPOSITE, 'b', 'a', { parties: 2, blocks: false });
  const { cycle } = theOneTold(t, await Promise.all([thread('a', 'b', true), child.result]));
  t.deepEqual(sorted(cycle.map(({ pid }) => pid)), sorted([process.pid, child.pid]));
});

test.serial('a thread that blocks for what it holds itself is told at once', async (t) => {
  const [lock, rlock, rwLock, once] = [new Lock({ name: 'own' }), new RLock(), new RwLock(), new Once()];
  const told = { instanceOf: multiproc.MultiprocError, code: 'ERR_MULTIPROC_DEADLOCK' };
  const begun = process.hrtime.bigint();
  lock.acquireSync();
  const error = t.throws(() => lock.acquireSync(), { ...told, instanceOf: DeadlockError });
  t.is(
    error.message,
    `deadlock: process ${process.pid} waits for lock "own", which it holds itself; nothing was acquired`,
  );
  const self = { pid: process.pid, threadId: process.pid, name: '' };
  t.deepEqual(error.cycle, [{ ...self, holds: 'lock "own"', waitsFor: 'lock "own"' }]);
  t.throws(() => lock.runSync(() => {}), told);
  t.true(lock.locked, 'what was held is held');
  t.false(lock.acquireSync(1), 'with a time limit it is an ordinary wait');
  lock.release();

  await rlock.run(async () => {
    t.true(rlock.acquireSync(), 'a flow takes again what it holds');
    rlock.release();
  });
  const held = rlock.run(() => delay(20));
  await delay(1);
  t.throws(() => rlock.acquireSync(), told, 'another flow of this thread has it');
  await held;

  rwLock.acquireReadSync();
  t.throws(() => rwLock.acquireWriteSync(), told, 'reading, it wants to write');
  rwLock.acquireReadSync();
  rwLock.releaseRead();
  rwLock.releaseRead();
  rwLock.acquireWriteSync();
  t.throws(() => rwLock.acquireWriteSync(), told);
  t.throws(() => rwLock.acquireReadSync(), told, 'writing, it wants to read');
  rwLock.releaseWrite();

  t.true(once.runSync(() => t.throws(() => once.runSync(() => {}), told)));
  t.true(once.done);
  t.log(`all of it took ${Number(process.hrtime.bigint() - begun) / 1e6} ms`);
});

test.serial('what a thread awaits and blocks for at once is no deadlock with itself', async (t) => {
  const rwLock = new RwLock();
  const reader = await ready(
    t,
    async (isReady, shared) => {
      await shared.acquireRead();
      isReady.release();
      await new Promise((resolve) => setTimeout(resolve, 300));
      shared.releaseRead();
    },
    rwLock,
  );
  const writing = rwLock.acquireWrite({ timeout: BOUND });
  // The pending wait keeps readers out; while the thread blocks, it does not.
  rwLock.acquireReadSync();
  rwLock.releaseRead();
  t.true(await writing);
  rwLock.releaseWrite();
  await reader.result;
});

test.serial('readers that want to write, and a reader that reads again behind a waiting writer', async (t) => {
  const rwLock = new RwLock({ name: 'book' });
  const upgrade = async (lock, meeting) => {
    const { outcomeOf: outcome } = require('../fixtures/sync/deadlocks');
    await lock.acquireRead();
    await meeting.wait();
    const result = await outcome(() => lock.acquireWrite().then(() => lock.releaseWrite()));
    lock.releaseRead();
    return result;
  };
  const meeting = new Barrier(2);
  // Each holds up the other, and itself: both must be told.
  const upgrading = await outcomes([start(t, upgrade, rwLock, meeting), start(t, upgrade, rwLock, meeting)]);
  for (const { told } of upgrading) t.is(told?.code, 'ERR_MULTIPROC_DEADLOCK');

  const again = async (lock, hasRead, mayReadAgain) => {
    const { outcomeOf: outcome } = require('../fixtures/sync/deadlocks');
    lock.acquireReadSync();
    hasRead.release();
    mayReadAgain.acquireSync();
    const result = await outcome(() => lock.acquireReadSync());
    lock.releaseRead();
    return result;
  };
  const [hasRead, mayReadAgain] = [new Semaphore(0), new Semaphore(0)];
  const reader = start(t, again, rwLock, hasRead, mayReadAgain);
  await hasRead.acquire();
  const writer = start(
    t,
    async (lock) => {
      const { outcomeOf: outcome } = require('../fixtures/sync/deadlocks');
      return outcome(() => lock.acquireWrite().then(() => lock.releaseWrite()));
    },
    rwLock,
  );
  // A waiting writer keeps new readers out.
  await until('the writer waits', () => {
    if (!rwLock.tryAcquireRead()) return true;
    rwLock.releaseRead();
    return false;
  });
  mayReadAgain.release();
  const { message } = theOneTold(t, await outcomes([reader, writer]));
  t.regex(message, /waits for lock "book" to read, which process \d+ \(Process-\d+\) holds/);
  t.regex(message, /waits for lock "book" to write, which process \d+ \(Process-\d+\) holds/);
});

test.serial('locks of all kinds in one circle: RLock, RwLock and Once', async (t) => {
  const [rlock, rwLock, once] = [new RLock(), new RwLock(), new Once()];
  const target = async (index, parties, objects, meeting) => {
    const { outcomeOf: outcome } = require('../fixtures/sync/deadlocks');
    const take = (object, fn) => {
      if ('acquireWrite' in object) return object.write(fn);
      return object.run(fn);
    };
    let result;
    await take(objects[index], async () => {
      await meeting.wait();
      result = await outcome(() => take(objects[(index + 1) % parties], async () => {}));
    });
    return result;
  };
  const meeting = new Barrier(3);
  const objects = [rlock, rwLock, once];
  const children = objects.map((_, index) => start(t, target, index, 3, objects, meeting));
  const { cycle } = theOneTold(t, await outcomes(children));
  t.deepEqual(sorted(cycle.map(({ waitsFor }) => waitsFor.replace(/ #.*/, ''))), ['lock', 'lock', 'once']);
});

test.serial('one that ignores the news and waits again is told again, and then nobody hangs', async (t) => {
  const locks = [new Lock(), new Lock()];
  const meeting = new Barrier(2);
  const stubborn = async (first, second, meets) => {
    const { outcomeOf: outcome } = require('../fixtures/sync/deadlocks');
    await first.acquire();
    await meets.wait();
    let count = 0;
    for (const wait of [() => second.acquire(), () => second.acquireSync(), () => second.acquire()]) {
      if ((await outcome(wait)).told === null) {
        second.release();
        break;
      }
      count += 1;
    }
    first.release();
    return count;
  };
  const children = [locks, [...locks].reverse()].map((pair) => start(t, stubborn, ...pair, meeting));
  const counts = await outcomes(children);
  t.log(`told: ${counts.join(' and ')}`);
  t.true(counts.includes(0), 'the other one waits on');
  t.true(counts[0] + counts[1] === 3);
});

test.serial('many flows of one thread, nearly all for the same lock, are part of a circle as one is', async (t) => {
  const [own, held, free] = [new Lock(), new Lock(), new Lock()];
  const go = new Semaphore(0);
  const blocker = await ready(
    t,
    (isReady, maySwap, wanted, ...mine) => {
      const { acquiresBlocking } = require('./deadlocks');
      for (const lock of mine) lock.acquireSync();
      isReady.release();
      maySwap.acquireSync();
      return acquiresBlocking(wanted).finally(() => {
        for (const lock of mine) lock.release();
      });
    },
    go,
    own,
    held,
    free,
  );
  const flows = await ready(
    t,
    async (isReady, mine, wanted, other) => {
      const { acquires } = require('./deadlocks');
      await mine.acquire();
      const others = Array.from({ length: 60 }, () => acquires(other));
      isReady.release();
      const result = await acquires(wanted);
      mine.release();
      const rest = await Promise.all(others);
      return { ...result, rest: rest.filter(({ told }) => told !== null).length };
    },
    own,
    held,
    free,
  );
  go.release();
  const results = await outcomes([blocker, flows]);
  theOneTold(t, results);
  t.is(results[1].rest, 0);
});

test.serial('whoever is stopped does not keep the circle closed: the next one gives way', async (t) => {
  const [first, second] = [new Lock(), new Lock()];
  const go = new Semaphore(0);
  const flag = new SharedArray('i32', 1);
  const young = await ready(
    t,
    (isReady, mayGo, mine, other, { view }) => {
      const { acquiresBlocking } = require('./deadlocks');
      mine.acquireSync();
      isReady.release();
      mayGo.acquireSync();
      Atomics.store(view, 0, 1);
      return acquiresBlocking(other);
    },
    go,
    second,
    first,
    flag,
  );
  const old = await ready(
    t,
    async (isReady, mine, other) => {
      const { acquires } = require('./deadlocks');
      await mine.acquire();
      // While a timer runs the loop may go on, and nobody is stuck.
      setTimeout(() => {}, 1000);
      const acquired = acquires(other);
      isReady.release();
      return acquired.finally(() => mine.release());
    },
    first,
    second,
  );
  go.release();
  await until('the young one waits', () => Atomics.load(flag.view, 0) === 1);
  await asleep(young.pid);
  young.signal('SIGSTOP');
  const { told } = await old.result;
  t.is(told?.code, 'ERR_MULTIPROC_DEADLOCK');
  young.signal('SIGCONT');
  t.is((await young.result).told, null);
});

test.serial('a member that dies frees the others: nobody is told', async (t) => {
  t.timeout(120_000);
  for (let round = 0; round < 10; round += 1) {
    const locks = [new Lock(), new Lock()];
    const meeting = new Barrier(3);
    const children = [locks, [...locks].reverse()].map((pair, index) =>
      start(t, OPPOSITE, ...pair, { meeting, blocks: index === round % 2 }),
    );
    await meeting.wait();
    const met = performance.now();
    // Anywhere from before the circle closes until it is looked at for the first time.
    await delay(2 * round);
    children[0].kill();
    const after = performance.now() - met;
    const { told } = await children[1].result;
    // On a busy machine the kill may come so late that the deadlock was there to be told of.
    if (after < 25) t.is(told, null, `killed ${after} ms after all had their first lock`);
    await children[0].join();
  }
  t.pass();
});
