'use strict';
// How a pool ends: close, join, terminate, with the program, and what it says afterwards.

const path = require('node:path');
const test = require('ava');
const { Lock, Pool, SharedArray } = require('../..');
const { asyncDispose } = require('../../lib/dispose');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { blocksAreBackTo, isReaped, liveBlocks, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'pool', name);

test.serial('a pool has its name and size, and no workers before its first task', async (t) => {
  const pool = new Pool({ workers: 2, name: 'named' });
  t.is(pool.name, 'named');
  t.is(pool.size, 2);
  t.deepEqual(pool.workers, []);
  t.is(await pool.run(() => process.title.slice(0, -1)), 'named:');
  t.deepEqual(pool.workers.map(({ index }) => index).sort(), [0, 1]);
  await pool.terminate();
  t.deepEqual(pool.workers, []);
  t.regex(new Pool().name, /^Pool-\d+$/);
  t.true(new Pool().size >= 1);
});

test.serial('close lets the tasks be done that there are, then the workers end', async (t) => {
  const pool = new Pool({ workers: 2 });
  const tasks = Array.from({ length: 200 }, (_, n) => pool.run((n) => n, n));
  pool.close();
  pool.close();
  const results = await Promise.all(tasks);
  t.deepEqual(
    results,
    Array.from({ length: 200 }, (_, n) => n),
  );
  const pids = pool.workers.map(({ pid }) => pid);
  await Promise.all([pool.join(), pool.join()]);
  t.true(pids.length > 0 && pids.every(isReaped));
  t.deepEqual(pool.workers, []);
});

test.serial('workers that were told to stop exit by themselves', async (t) => {
  const pool = new Pool({ workers: 1 });
  const left = new SharedArray('i32', 1);
  await pool.run((left) => {
    process.once('exit', (code) => {
      left.view[0] = 100 + code;
    });
  }, left);
  pool.close();
  await pool.join();
  t.is(left.view[0], 100);
});

test.serial('after close and terminate every call is refused', async (t) => {
  for (const end of ['close', 'terminate']) {
    for (const used of [true, false]) {
      const pool = new Pool({ workers: 1 });
      if (used) await pool.run(() => 1);
      await pool[end]();
      const closed = { code: 'ERR_MULTIPROC_POOL_CLOSED' };
      await t.throwsAsync(
        pool.run(() => 1),
        closed,
      );
      await t.throwsAsync(
        pool.apply(() => 1),
        closed,
      );
      await t.throwsAsync(
        pool.map((x) => x, [1]),
        closed,
      );
      await t.throwsAsync(
        pool.map((x) => x, []),
        closed,
      );
      await pool.join();
      pool.close();
      await pool.terminate();
      await pool.join();
    }
  }
});

test.serial('a closed pool does not draw from the iterable', async (t) => {
  const pool = new Pool({ workers: 1 });
  pool.close();
  let drawn = 0;
  function* items() {
    drawn += 1;
    yield 1;
  }
  await t.throwsAsync(
    pool.map((x) => x, items()),
    { code: 'ERR_MULTIPROC_POOL_CLOSED' },
  );
  t.is(drawn, 0);
  await pool.join();
});

test.serial('join before close is refused', async (t) => {
  const pool = new Pool({ workers: 1 });
  await t.throwsAsync(pool.join(), { code: 'ERR_MULTIPROC_POOL_CLOSED', message: /close\(\) or terminate\(\)/ });
  await pool.terminate();
});

test.serial('terminate with five thousand tasks queued rejects all of them and releases what they held', async (t) => {
  const before = await liveBlocks();
  await (async () => {
    const pool = new Pool({ workers: 2 });
    const started = new SharedArray('i32', 1);
    const blocks = (started) => {
      Atomics.add(started.view, 0, 1);
      for (;;);
    };
    const queued = (_lock, _bytes, n) => n;
    const running = [1, 2].map(() => pool.run(blocks, started));
    const lock = new Lock();
    const bytes = Buffer.alloc(500);
    const tasks = Array.from({ length: 5000 }, (_, n) => pool.run(queued, n % 2 === 0 ? lock : new Lock(), bytes, n));
    const settled = Promise.allSettled([...running, ...tasks]);
    await until(() => started.view[0] === 2, 'both workers are busy');
    const pids = pool.workers.map(({ pid }) => pid);
    await pool.terminate();
    t.true(pids.every(isReaped));
    const outcomes = await settled;
    t.is(outcomes.filter(({ reason }) => reason?.code === 'ERR_MULTIPROC_POOL_TERMINATED').length, 5002);
  })();
  await blocksAreBackTo(before);
});

test.serial('terminate after close ends what is still running', async (t) => {
  const pool = new Pool({ workers: 1 });
  const task = t.throwsAsync(
    pool.run(() => new Promise((resolve) => setTimeout(resolve, 600_000))),
    {
      code: 'ERR_MULTIPROC_POOL_TERMINATED',
    },
  );
  pool.close();
  const joined = pool.join();
  await pool.terminate();
  await task;
  await joined;
});

test.serial('terminate while the workers start', async (t) => {
  for (let round = 0; round < 5; round += 1) {
    const pool = new Pool({ workers: 2 });
    const task = t.throwsAsync(
      pool.run(() => 1),
      { code: 'ERR_MULTIPROC_POOL_TERMINATED' },
    );
    await Promise.all([pool.terminate(), pool.terminate()]);
    await task;
    t.deepEqual(pool.workers, []);
  }
});

test.serial('close, with a worker that dies while the last tasks run', async (t) => {
  const pool = new Pool({ workers: 1, stdio: 'ignore' });
  const tasks = [0, 1, 2, 3].map((n) => pool.run((n) => (n === 1 ? process.kill(process.pid, 'SIGKILL') : n), n));
  pool.close();
  const outcomes = await Promise.allSettled(tasks);
  t.deepEqual(
    outcomes.map(({ value, reason }) => value ?? reason.code),
    [0, 'ERR_MULTIPROC_WORKER_DIED', 2, 3],
  );
  await pool.join();
});

test.serial('a pool may be ended from what its task resolves', async (t) => {
  const pool = new Pool({ workers: 2 });
  await pool.run(() => 1).then(() => pool.terminate());
  const other = new Pool({ workers: 2 });
  await other.run(() => 1).then(() => other[asyncDispose]());
  await t.throwsAsync(
    other.run(() => 1),
    { code: 'ERR_MULTIPROC_POOL_CLOSED' },
  );
});

test.serial('an idle pool lets the program end, and its workers end with it', async (t) => {
  const { code, stdout, stderr } = await run(fixture('left_open.cjs'), ['idle'], { timeout: 30_000 });
  t.deepEqual([code, stdout, stderr], [0, 'first\n', '']);
});

test.serial('a pool with a task pending keeps the program alive', async (t) => {
  const { code, stdout } = await run(fixture('left_open.cjs'), ['pending'], { timeout: 30_000 });
  t.deepEqual([code, stdout], [0, 'first\nsecond\n']);
});

test.serial('pools leave no memory and no worker', async (t) => {
  const before = await liveBlocks();
  await (async () => {
    for (let round = 0; round < 5; round += 1) {
      const pool = new Pool({ workers: 2 });
      const arrays = await pool.map(
        (n) => {
          const { SharedArray } = require('multiproc');
          const array = new SharedArray('i32', 4);
          array.view[0] = n;
          return array;
        },
        [1, 2, 3, 4],
      );
      t.deepEqual(
        arrays.map(({ view }) => view[0]),
        [1, 2, 3, 4],
      );
      if (round % 2 === 0) await pool.terminate();
      else await pool[asyncDispose]();
    }
  })();
  await blocksAreBackTo(before);
});

test.serial(
  'a pool whose streams are pipes keeps no program alive, and is shown by the names of its workers',
  async (t) => {
    const file = path.join(__dirname, '..', 'fixtures', 'pool', 'idle_with_pipes.cjs');
    const piped = await run(file, ['pipe'], { timeout: 20_000 });
    t.deepEqual([piped.code, piped.stdout], [0, '']);
    const shown = await run(file, ['prefix'], { timeout: 20_000 });
    const [worker, child] = shown.stderr.trim().split(' ');
    t.is(shown.code, 0);
    t.deepEqual(shown.stdout.split('\n'), [`[idle:0 ${worker}] of the worker`, `[shown ${child}] of the process`, '']);
  },
);

test.serial('a worker whose pool ends while it starts ends without a word', async (t) => {
  const { code, stdout, stderr } = await run(fixture('thread_ends_first.cjs'), [], { timeout: 20_000 });
  t.deepEqual([code, stdout, stderr], [0, 'both have ended\n', '']);
});
