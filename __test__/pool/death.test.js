'use strict';
// Workers that die: the task that one was running rejects, no other; a new worker takes its place; nothing runs twice.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { Lock, Pool, SharedArray } = require('../..');
const { guard } = require('../helpers/leaks');
const { blocksAreBackTo, isReaped, liveBlocks, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const WORKERS = { workers: 2, stdio: 'ignore' };

test.serial('a worker that is killed while it runs a task rejects that task alone', async (t) => {
  const pool = new Pool(WORKERS);
  const runs = new SharedArray('u8', 60);
  const task = (runs, index) => {
    Atomics.add(runs.view, index, 1);
    if (index === 7 || index === 31) process.kill(process.pid, 'SIGKILL');
    return index;
  };
  const outcomes = await Promise.allSettled([...runs.view.keys()].map((index) => pool.run(task, runs, index)));
  const failed = outcomes.flatMap(({ reason }, index) => (reason === undefined ? [] : [[index, reason]]));
  t.deepEqual(
    failed.map(([index]) => index),
    [7, 31],
  );
  for (const [, error] of failed) {
    t.is(error.name, 'WorkerDiedError');
    t.like(error, { code: 'ERR_MULTIPROC_WORKER_DIED', exitCode: null, signalCode: 'SIGKILL' });
    t.true(isReaped(error.pid));
    t.false(pool.workers.some(({ pid }) => pid === error.pid));
  }
  t.deepEqual(
    outcomes.flatMap(({ value }) => value ?? []),
    [...runs.view.keys()].filter((index) => index !== 7 && index !== 31),
  );
  t.deepEqual([...runs.view], Array(60).fill(1));
  await until(() => pool.workers.length === 2, 'both workers replaced');
  t.is(await pool.run(() => 'usable'), 'usable');
  await pool.terminate();
});

test.serial('a worker that is killed from outside while it spins is found out', async (t) => {
  const pool = new Pool(WORKERS);
  const pids = new SharedArray('i32', 1);
  const spinning = pool.run((pids) => {
    pids.view[0] = process.pid;
    for (;;);
  }, pids);
  const failed = t.throwsAsync(spinning, { code: 'ERR_MULTIPROC_WORKER_DIED' });
  await until(() => pids.view[0] !== 0, 'the task runs');
  const [pid] = pids.view;
  process.kill(pid, 'SIGKILL');
  t.is((await failed).pid, pid);
  await pool.terminate();
});

test.serial('process.exit in a task and an error that nobody catches reject it with the exit code', async (t) => {
  const pool = new Pool(WORKERS);
  const code = 'ERR_MULTIPROC_WORKER_DIED';
  const exits = await t.throwsAsync(
    pool.run(() => process.exit(5)),
    { code },
  );
  t.like(exits, { exitCode: 5, signalCode: null });
  const throws = () => {
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
    return new Promise(() => {});
  };
  t.like(await t.throwsAsync(pool.run(throws), { code }), { exitCode: 1, signalCode: null });
  const chunk = await t.throwsAsync(
    pool.map((n) => (n === 2 ? process.exit(6) : n), [1, 2, 3], { chunkSize: 3 }),
    { code },
  );
  t.is(chunk.exitCode, 6);
  t.deepEqual(await pool.map((n) => n, [1, 2, 3]), [1, 2, 3]);
  await pool.terminate();
});

test.serial('the result of a worker that dies right after it counts', async (t) => {
  const pool = new Pool({ ...WORKERS, workers: 1 });
  for (let round = 0; round < 5; round += 1) {
    const last = pool.run(() => {
      setImmediate(() => process.kill(process.pid, 'SIGKILL'));
      return 'x'.repeat(1 << 20);
    });
    t.is((await last).length, 1 << 20);
  }
  t.is(await pool.run(() => 1), 1);
  await pool.terminate();
});

test.serial('a worker that dies idle costs no task', async (t) => {
  const pool = new Pool({ ...WORKERS, workers: 1 });
  const pid = await pool.run(() => process.pid);
  process.kill(pid, 'SIGKILL');
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => pool.run((n) => n, n)));
  // The worker may have been given the first of them in the moment of its death.
  t.true(results.filter(({ status }) => status === 'rejected').length <= 1);
  t.not(await pool.run(() => process.pid), pid);
  await pool.terminate();
});

test.serial('a lock that a dead worker held passes on', async (t) => {
  const pool = new Pool(WORKERS);
  const lock = new Lock();
  const dies = (lock) => {
    lock.acquireSync();
    process.kill(process.pid, 'SIGKILL');
  };
  const error = await t.throwsAsync(pool.run(dies, lock), { code: 'ERR_MULTIPROC_WORKER_DIED' });
  t.true(await lock.acquire({ timeout: 10_000 }));
  t.is(lock.abandonedBy.pid, error.pid);
  lock.release();
  await pool.terminate();
});

test.serial('what a dead worker held of shared memory is released', async (t) => {
  const before = await liveBlocks();
  await (async () => {
    const pool = new Pool(WORKERS);
    const dies = (array, bytes) => {
      array.view[0] = bytes.length;
      process.kill(process.pid, 'SIGKILL');
    };
    for (let round = 0; round < 6; round += 1) {
      const array = new SharedArray('i32', 10);
      await t.throwsAsync(pool.run(dies, array, Buffer.alloc(1 << 20)), { code: 'ERR_MULTIPROC_WORKER_DIED' });
      t.is(array.view[0], 1 << 20);
    }
    await pool.terminate();
  })();
  await blocksAreBackTo(before);
});

test.serial('workers that die before they are ready break the pool, and are not started for ever', async (t) => {
  const before = await liveBlocks();
  await (async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pool-'));
    const file = path.join(folder, 'starts');
    const execArgv = ['--require', require.resolve('../fixtures/pool/counts_starts.cjs')];
    const pool = new Pool({ ...WORKERS, execArgv, env: { ...process.env, STARTS_FILE: file } });
    const broken = { code: 'ERR_MULTIPROC_POOL_BROKEN', message: /exited with code 3/ };
    const tasks = Array.from({ length: 10 }, () =>
      t.throwsAsync(
        pool.run((lock) => lock, new Lock()),
        broken,
      ),
    );
    await Promise.all(tasks);
    await t.throwsAsync(
      pool.run(() => 1),
      broken,
    );
    await until(() => pool.workers.length === 0, 'no worker left');
    const starts = fs.statSync(file).size;
    t.true(starts >= 3 && starts <= 5, `${starts} starts`);
    pool.close();
    await pool.join();
    await pool.terminate();
    fs.rmSync(folder, { recursive: true });
  })();
  await blocksAreBackTo(before);
});

test.serial('a program for the workers that is not there breaks the pool with its cause', async (t) => {
  const pool = new Pool({ ...WORKERS, cwd: path.join(os.tmpdir(), 'is', 'not', 'there') });
  const error = await t.throwsAsync(
    pool.map((x) => x, [1, 2, 3], { chunkSize: 1 }),
    { code: 'ERR_MULTIPROC_POOL_BROKEN' },
  );
  t.is(error.cause.code, 'ENOENT');
  await pool.terminate();
});

test.serial('thirty random kills under two thousand tasks: all settle, none runs twice', async (t) => {
  t.timeout(120_000);
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.log(`SEED=${seed}`);
  const random = generator(seed);
  const pool = new Pool({ ...WORKERS, workers: 3 });
  const count = 2000;
  const runs = new SharedArray('u8', count);
  const task = (runs, index, payload, turns) => {
    Atomics.add(runs.view, index, 1);
    let sum = 0;
    for (let n = 0; n < turns; n += 1) sum += n % 3;
    return { index, length: payload.length, sum: sum >= 0, pid: process.pid };
  };
  const killAt = new Set();
  while (killAt.size < 30) killAt.add(Math.floor(random() * (count - 100)));
  const killed = new Set();
  const seen = new Set();
  let settled = 0;
  // Kills that are due: one waits for the next result when no worker has been seen yet that was not killed before.
  let due = 0;
  const onSettled = ({ pid }) => {
    seen.add(pid);
    if (killAt.has(settled)) due += 1;
    if (due > 0) {
      // Two of them may hit a worker that is not ready yet. Three in a row would break the pool, as documented.
      const any = killed.size % 15 === 14;
      const living = pool.workers.filter(({ pid }) => pid !== undefined && !killed.has(pid) && (any || seen.has(pid)));
      const chosen = living[Math.floor(random() * living.length)];
      if (chosen !== undefined) {
        due -= 1;
        killed.add(chosen.pid);
        // Now, or a little later: in the middle of whatever it then does.
        const delay = Math.floor(random() * 20);
        setTimeout(
          () => pool.workers.some(({ pid }) => pid === chosen.pid) && process.kill(chosen.pid, 'SIGKILL'),
          delay,
        );
      }
    }
    settled += 1;
  };
  const sizes = Array.from({ length: count }, () => Math.floor(random() * 600));
  const promises = sizes.map((size, index) => {
    const promise = pool.run(task, runs, index, Buffer.alloc(size), Math.floor(random() * 300_000));
    promise.then(onSettled, onSettled);
    return promise;
  });
  const outcomes = await Promise.allSettled(promises);
  const failed = outcomes.filter(({ status }) => status === 'rejected');
  t.true(killed.size >= 20, `${killed.size} kills`);
  for (const { reason } of failed) {
    t.like(reason, { code: 'ERR_MULTIPROC_WORKER_DIED', signalCode: 'SIGKILL' });
    t.true(killed.has(reason.pid));
  }
  t.true(failed.length <= killed.size, `${failed.length} failures of ${killed.size} kills`);
  outcomes.forEach(({ status, value }, index) => {
    if (status === 'fulfilled') {
      t.like(value, { index, length: sizes[index], sum: true });
      t.is(runs.view[index], 1);
    } else {
      t.true(runs.view[index] <= 1);
    }
  });
  t.is(await pool.run(() => 'usable'), 'usable');
  pool.close();
  await pool.join();
});

/** mulberry32 */
function generator(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
