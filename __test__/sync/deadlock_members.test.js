'use strict';
// Who else is part of a circle: a parent that waits for a child, a pool and its workers, who waits for a message; and
// what each does about it.

const path = require('node:path');
const test = require('ava');
const multiproc = require('../..');
const { BOUND, asleep, delay, kill, ready, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

const { Barrier, Condition, Lock, Process, Semaphore, SharedArray, setDeadlockPolicy } = multiproc;
const PARENT = path.join(__dirname, '..', 'fixtures', 'sync', 'deadlock_parent.js');

guard(test, { warmUp });

async function parent(t, scenario) {
  const { stdout, stderr, code } = await run(PARENT, [scenario], { timeout: BOUND });
  t.is(stderr, '');
  t.is(code, 0);
  return JSON.parse(stdout);
}

function logDelay(t, { begun, ended }) {
  t.log(`told after ${(ended - begun).toFixed(0)} ms`);
  t.true(ended - begun < 5000);
}

for (const scenario of ['join', 'result']) {
  test.serial(
    `a parent awaits its child (${scenario}), which waits for the parent's lock: the child is told`,
    async (t) => {
      const result = await parent(t, scenario);
      logDelay(t, result);
      const { cycle, message } = result.told;
      t.is(cycle.length, 2);
      const [child, itself] = cycle;
      t.is(child.name, 'Process-1');
      t.is(child.waitsFor, 'lock "parent"');
      t.is(itself.holds, 'lock "parent"');
      t.is(itself.waitsFor, `the end of process ${child.pid}`);
      t.is(
        message,
        `deadlock: process ${child.pid} (Process-1) waits for lock "parent", which process ${itself.pid} holds; ` +
          `process ${itself.pid} waits for the end of process ${child.pid}; nothing was acquired`,
      );
    },
  );
}

test.serial('the circle closes without anybody going to sleep: it is found all the same', async (t) => {
  const result = await parent(t, 'later');
  t.is(result.told?.code, 'ERR_MULTIPROC_DEADLOCK');
  logDelay(t, result);
});

test.serial('a parent that awaits its child with a limit closes no circle', async (t) => {
  t.deepEqual(Object.assign(await parent(t, 'limit'), { begun: 0 }), { begun: 0, ended: false, told: null });
});

test.serial('a parent, a child and a grandchild: the one that waits for a lock is told', async (t) => {
  const result = await parent(t, 'grandchild');
  logDelay(t, result);
  const { cycle } = result.told;
  t.is(cycle.length, 3);
  t.is(cycle[1].waitsFor, `the end of process ${cycle[2].pid}`);
  t.is(cycle[2].waitsFor, `the end of process ${cycle[0].pid}`);
});

test.serial(
  'a pool awaited by the holder of what a task waits for: the task is told, idle workers are no hope',
  async (t) => {
    const result = await parent(t, 'pool');
    logDelay(t, result);
    t.is(result.told.cycle.length, 2);
    t.regex(result.told.cycle[0].name, /^workers:\d$/);
  },
);

test.serial('while another task of the pool runs there is hope', async (t) => {
  t.is((await parent(t, 'poolWorks')).told, null);
});

test.serial('two tasks of a pool in opposite order: one is told', async (t) => {
  const told = (await parent(t, 'tasks')).filter((result) => result.told !== null);
  t.is(told.length, 1);
  t.is(told[0].told.cycle.length, 2);
});

test.serial(
  'a wait for a message of who waits for us is part of a circle, and a message that will come is not',
  async (t) => {
    const result = await parent(t, 'message');
    logDelay(t, result);
    const [itself, child] = result.told.cycle;
    t.is(child.waitsFor, `a message of process ${itself.pid}`);
    t.is((await parent(t, 'messageComes')).told, null);
  },
);

test.serial('a thread that awaits what itself holds is told, though it is not blocked', async (t) => {
  const result = await parent(t, 'flows');
  logDelay(t, result);
  t.is(result.told.cycle.length, 1);
  t.regex(result.told.message, /waits for lock #\d+ to write, which it holds itself; nothing was acquired$/);
});

test.serial("a condition's wait for its lock is never ended: the other one gives way", async (t) => {
  const [lock, other] = [new Lock(), new Lock()];
  const condition = new Condition(lock);
  const waiter = await ready(
    t,
    async (isReady, shared, mine) => {
      await mine.acquire();
      await shared.acquire();
      isReady.release();
      await shared.wait();
      // It is awake, so it must hold the lock.
      const { owner } = shared.lock;
      shared.release();
      mine.release();
      return owner.pid === process.pid;
    },
    condition,
    other,
  );
  await until('the waiter waits', () => condition.waiting === 1);
  const notifier = await ready(
    t,
    async (isReady, shared, wanted) => {
      const { acquires } = require('./deadlocks');
      await shared.acquire();
      shared.notify();
      isReady.release();
      const result = await acquires(wanted);
      shared.release();
      return result;
    },
    condition,
    other,
  );
  const result = await notifier.result;
  t.is(result.told?.code, 'ERR_MULTIPROC_DEADLOCK');
  logDelay(t, result);
  t.true(await waiter.result);
});

/** Two processes in opposite order, each with a policy of its own. The second waits later. */
async function withPolicies(t, policies, blocks = false) {
  const locks = [new Lock({ name: 'left' }), new Lock({ name: 'right' })];
  const meeting = new Barrier(2);
  const isFirst = new Semaphore(0);
  const flag = new SharedArray('i32', 1);
  const child = (policy, pair, index) => {
    const started = new Process(
      async (first, second, meets, { mine, position, turn, blocking, flags }) => {
        const { setDeadlockPolicy: set } = require('../..');
        const { outcomeOf } = require('../fixtures/sync/deadlocks');
        const warnings = [];
        process.on('warning', ({ name, code, message }) => warnings.push({ name, code, message }));
        set(mine);
        await first.acquire();
        await meets.wait();
        if (position === 1) await turn.acquire();
        else if (blocking) turn.release();
        else setTimeout(() => turn.release(), 100);
        Atomics.add(flags.view, 0, 1);
        const result = await outcomeOf(() => (blocking ? second.acquireSync() : second.acquire()));
        first.release();
        if (result.told === null) second.release();
        await new Promise(setImmediate);
        return { ...result, warnings };
      },
      {
        args: [...pair, meeting, { mine: policy, position: index, turn: isFirst, blocking: blocks, flags: flag }],
        stdio: ['inherit', 'inherit', 'pipe'],
      },
    ).start();
    started.result.catch(() => {});
    let text = '';
    started.stderr.setEncoding('utf8').on('data', (more) => {
      text += more;
    });
    t.teardown(async () => {
      if (started.isAlive()) started.kill();
      await started.join();
    });
    return { started, said: () => text };
  };
  const children = [child(policies[0], locks, 0), child(policies[1], [...locks].reverse(), 1)];
  await until('both wait', () => Atomics.load(flag.view, 0) === 2);
  return { children, locks };
}

test.serial('policies: the older gives way where the younger only warns, or does nothing', async (t) => {
  for (const policy of ['warn', 'off']) {
    const { children } = await withPolicies(t, ['throw', policy]);
    const [older, younger] = await Promise.all(children.map(({ started }) => started.result));
    t.is(older.told?.code, 'ERR_MULTIPROC_DEADLOCK', policy);
    t.is(younger.told, null);
    t.deepEqual(younger.warnings, []);
  }
});

test.serial('policies: where all warn one does, once, and all wait on', async (t) => {
  for (const blocks of [false, true]) {
    const { children } = await withPolicies(t, ['warn', 'warn'], blocks);
    const text =
      /deadlock: process \d+ \(Process-\d+\) waits for lock "(left|right)", which process \d+ \(Process-\d+\) holds; /g;
    const count = () => children.flatMap(({ said }) => said().match(text) ?? []).length;
    await until('the warning', () => count() > 0);
    // Long enough for several more looks.
    await delay(2500);
    t.is(count(), 1);
    const teller = children.find(({ said }) => said() !== '');
    await kill(children.find((child) => child !== teller).started);
    const { told, warnings } = await teller.started.result;
    t.is(told, null);
    // A thread that blocks can say it on stderr alone.
    t.is(warnings.length, blocks ? 0 : 1);
    if (blocks) continue;
    t.is(warnings[0].name, 'DeadlockWarning');
    t.is(warnings[0].code, 'ERR_MULTIPROC_DEADLOCK');
  }
});

test.serial('policies: where all are off nothing is said', async (t) => {
  const { children } = await withPolicies(t, ['off', 'off']);
  await delay(600);
  t.true(children.every(({ started, said }) => started.isAlive() && said() === ''));
  await kill(children[0].started);
  t.is((await children[1].started.result).told, null);
});

test.serial('policies: by the environment, and wrong ones', async (t) => {
  const { stderr } = await run(PARENT, ['join'], { timeout: 2000, env: { MULTIPROC_DEADLOCK: 'warn' } }).catch(
    (error) => error,
  );
  t.regex(stderr, /DeadlockWarning: deadlock: process \d+ \(Process-1\) waits for lock "parent"/);
  const wrong = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' };
  t.throws(() => setDeadlockPolicy('maybe'), wrong);
  t.throws(() => setDeadlockPolicy(), wrong);
  setDeadlockPolicy('off');
  const lock = new Lock();
  lock.acquireSync();
  const waits = lock.acquire();
  setDeadlockPolicy('throw');
  t.throws(() => lock.acquireSync(), { code: 'ERR_MULTIPROC_DEADLOCK' });
  lock.release();
  t.true(await waits);
});

test.serial('what waits for a slow owner wakes about once a second, and a parent that joins does not', async (t) => {
  const lock = new Lock();
  lock.acquireSync();
  const awaiting = await ready(
    t,
    async (isReady, shared) => {
      isReady.release();
      await shared.acquire();
    },
    lock,
  );
  const blocked = await ready(
    t,
    (isReady, shared) => {
      isReady.release();
      shared.acquireSync();
    },
    lock,
  );
  const joins = await ready(
    t,
    async (isReady, shared) => {
      const { Process: Started } = require('../../..');
      const child = new Started((wanted) => wanted.acquireSync(), { args: [shared] }).start();
      isReady.release();
      await child.join();
    },
    lock,
  );
  const wakes = ({ pid }) =>
    Number(
      /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(require('node:fs').readFileSync(`/proc/${pid}/status`, 'utf8'))[1],
    );
  await Promise.all([awaiting, blocked, joins].map(({ pid }) => asleep(pid)));
  await delay(2500);
  const before = [awaiting, blocked, joins].map(wakes);
  await delay(3000);
  const [first, second, third] = [awaiting, blocked, joins].map((child, index) => wakes(child) - before[index]);
  t.log(`in three seconds: ${first} awaiting, ${second} blocked, ${third} joining`);
  t.true(first <= 12);
  t.true(second <= 12);
  t.true(third <= 3);
  lock.release();
  for (const child of [awaiting, blocked, joins]) await kill(child);
});
