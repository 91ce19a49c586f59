'use strict';
// What a worker may use: a breach ends that worker, and the task that it ran rejects with the reason.

const fs = require('node:fs');
const test = require('ava');
const { Pool } = require('../..');
const { guard } = require('../helpers/leaks');
const { isReaped, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const code = 'ERR_MULTIPROC_WORKER_DIED';

/** One task meets the limit; another worker's tasks and those after it are done. */
async function breach(t, limits, task, expected) {
  const pool = new Pool({ workers: 2, stdio: 'ignore', ...limits });
  const failed = t.throwsAsync(pool.run(task), { code });
  t.deepEqual(await pool.map((n) => n + 1, [1, 2, 3], { chunkSize: 1 }), [2, 3, 4]);
  const error = await failed;
  t.like(error, expected);
  t.true(isReaped(error.pid));
  await until(() => pool.workers.length === 2, 'it is replaced');
  t.false(pool.workers.some(({ pid }) => pid === error.pid));
  t.is(await pool.run(() => 'usable'), 'usable');
  pool.close();
  await pool.join();
}

test.serial('a worker above maxRss is killed', async (t) => {
  const grows = () => {
    const kept = [];
    return new Promise(() => setInterval(() => kept.push(Buffer.alloc(16 << 20, 1)), 10));
  };
  await breach(t, { maxRss: 200 << 20 }, grows, { exitReason: 'max-rss', signalCode: 'SIGKILL' });
});

test.serial('a worker that uses up its cpuTime is ended', async (t) => {
  const spins = () => {
    for (;;);
  };
  await breach(t, { cpuTime: 1000 }, spins, { exitReason: 'cpu-time', signalCode: 'SIGXCPU' });
});

test.serial('a worker whose heap is full is aborted', async (t) => {
  const fills = () => {
    const kept = [];
    for (let n = 0; ; n += 1) kept.push({ n, text: `item ${n}` });
  };
  await breach(t, { maxHeapMb: 24 }, fills, { exitReason: 'heap-oom', exitCode: null });
});

test.serial('the error says what limit it was', async (t) => {
  const pool = new Pool({ workers: 1, stdio: 'ignore', maxRss: 200 << 20 });
  const message = /^the worker of Pool-\d+ that ran the task \(process \d+\) exceeded its maxRss and was killed$/;
  const grows = () => Buffer.alloc(400 << 20, 1) && new Promise(() => setInterval(() => {}, 1000));
  await t.throwsAsync(pool.run(grows), { code, message });
  await pool.terminate();
});

test.serial('workers that meet a limit before they are ready break the pool, which says why', async (t) => {
  const execArgv = ['--require', require.resolve('../fixtures/pool/never_ready.cjs')];
  const pool = new Pool({ workers: 1, stdio: 'ignore', maxRss: 1, execArgv });
  const message = /the last one exceeded its maxRss and was killed/;
  await t.throwsAsync(
    pool.run(() => 1),
    { code: 'ERR_MULTIPROC_POOL_BROKEN', message },
  );
  await pool.terminate();
});

test.serial('limits of the system are those of every worker', async (t) => {
  const cpu = Number(/Cpus_allowed_list:.*?(\d+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
  const pool = new Pool({ workers: 2, stdio: 'ignore', nice: 7, cpus: [cpu], nofile: 90 });
  const tells = () => {
    const { readFileSync } = require('node:fs');
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const allowed = readFileSync('/proc/self/status', 'utf8');
    return [
      require('node:os').getPriority(),
      Number(/Cpus_allowed_list:\s*(.*)/.exec(allowed)[1]),
      Number(/Max open files\s+(\d+)/.exec(limits)[1]),
    ];
  };
  t.deepEqual(await pool.map(tells, [1, 2, 3, 4], { chunkSize: 1 }), Array(4).fill([7, cpu, 90]));
  await pool.terminate();
});

test('what is no limit is refused, as by Process', (t) => {
  for (const [options, expected] of [
    [{ maxHeapMb: 7 }, 'ERR_OUT_OF_RANGE'],
    [{ maxRss: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ cpuTime: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ nofile: 1 }, 'ERR_OUT_OF_RANGE'],
    [{ nice: 20 }, 'ERR_OUT_OF_RANGE'],
    [{ cpus: [] }, 'ERR_INVALID_ARG_VALUE'],
    [{ cpus: [-1] }, 'ERR_OUT_OF_RANGE'],
  ]) {
    t.throws(() => new Pool(options), { code: expected, message: /^new Pool\(\): / });
  }
});
