'use strict';
// What a pool runs and what comes back: forms of functions, order, chunks, sizes.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const test = require('ava');
const { Lock, Pool, SharedArray, SharedValue, sharedBuffer } = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

let pool;
test.before(() => {
  pool = new Pool({ workers: 2, name: 'shared by the tests' });
});
test.after.always(() => pool.terminate());

test('run, apply and map call functions that stand alone', async (t) => {
  t.is(await pool.run((a, b) => a + b, 40, 2), 42);
  t.is(await pool.run(() => {}), undefined);
  t.is(await pool.apply((a, b) => a * b, [6, 7]), 42);
  t.is(await pool.apply((...args) => args.length), 0);
  t.deepEqual(await pool.map((x) => x * x, [1, 2, 3]), [1, 4, 9]);
  t.not(await pool.run(() => process.pid), process.pid);
});

test('tasks and exports are imported by the workers', async (t) => {
  const tasks = require('../fixtures/pool/tasks.cjs');
  t.deepEqual(await pool.map(tasks.shift, [1, 2]), [101, 102]);
  const module = pathToFileURL(path.join(__dirname, '..', 'fixtures', 'pool', 'exports.mjs'));
  t.deepEqual(await pool.map({ module, export: 'twice' }, [1, 2]), [2, 4]);
  t.is(await pool.run({ module: '../fixtures/pool/exports.mjs' }, 'a', 'b'), 'a-b');
  await t.throwsAsync(pool.run({ module, export: 'none' }), { code: 'ERR_MULTIPROC_TARGET' });
});

test('a module keeps its state in a worker', async (t) => {
  const { count } = require('../fixtures/pool/tasks.cjs');
  const one = new Pool({ workers: 1 });
  t.deepEqual(await one.map(count, [0, 0, 0]), [1, 2, 3]);
  t.is(await one.run(count), 4);
  await one.terminate();
});

test('one text with other constants is another function', async (t) => {
  const make = (n) => new Function('x', `return x + ${n}`);
  t.deepEqual(await Promise.all([1, 2, 3].map((n) => pool.run(make(n), 10))), [11, 12, 13]);
  for (let round = 0; round < 50; round += 1) t.is(await pool.run((x) => x + 1, round), round + 1);
});

test('results stand in the order of the items, whatever the order in which they are ready', async (t) => {
  const items = Array.from({ length: 60 }, (_, index) => index);
  const task = async (n) => {
    if (n % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 15));
    return n * 2;
  };
  for (const options of [undefined, { chunkSize: 1 }, { chunkSize: 7 }, { chunkSize: 1000 }]) {
    t.deepEqual(
      await pool.map(task, items, options),
      items.map((n) => n * 2),
    );
  }
});

test('a chunk is run by one worker, one item after the other', async (t) => {
  const task = async (n) => {
    globalThis.running = (globalThis.running ?? 0) + 1;
    const together = globalThis.running;
    await new Promise(setImmediate);
    globalThis.running -= 1;
    return [process.pid, together, n];
  };
  const seen = await pool.map(
    task,
    Array.from({ length: 40 }, (_, n) => n),
    { chunkSize: 8 },
  );
  for (let start = 0; start < 40; start += 8) {
    t.is(new Set(seen.slice(start, start + 8).map(([pid]) => pid)).size, 1);
  }
  t.deepEqual(
    seen.map(([, together]) => together),
    Array(40).fill(1),
  );
});

test('with one worker, tasks start in the order in which they were given', async (t) => {
  const one = new Pool({ workers: 1 });
  const next = new SharedValue('i32');
  const order = await Promise.all(Array.from({ length: 100 }, () => one.run((next) => next.add(1), next)));
  t.deepEqual(
    order,
    Array.from({ length: 100 }, (_, index) => index),
  );
  await one.terminate();
});

test('every kind of iterable is taken, empty ones too', async (t) => {
  const double = (x) => x * 2;
  async function* later() {
    yield 1;
    await null;
    yield 2;
  }
  function* now() {
    yield* [3, 4];
  }
  t.deepEqual(await pool.map(double, later()), [2, 4]);
  t.deepEqual(await pool.map(double, now()), [6, 8]);
  t.deepEqual(await pool.map(double, new Set([5])), [10]);
  t.deepEqual(await pool.map((text) => text.toUpperCase(), 'abc'), ['A', 'B', 'C']);
  t.deepEqual(await pool.map(double, new Float32Array([0.5])), [1]);
  for (const empty of [[], new Set(), '', (async function* () {})()]) t.deepEqual(await pool.map(double, empty), []);
});

test('an iterable that throws rejects with its error, and nothing is run', async (t) => {
  const runs = new SharedValue('i32');
  const task = (runs) => runs.add(1);
  const failure = new RangeError('no more');
  function* now() {
    yield runs;
    throw failure;
  }
  async function* later() {
    yield runs;
    throw failure;
  }
  t.is(await t.throwsAsync(pool.map(task, now(), { chunkSize: 1 })), failure);
  t.is(await t.throwsAsync(pool.map(task, later(), { chunkSize: 1 })), failure);
  await pool.run(() => 1);
  t.is(runs.value, 0);
});

test('all kinds of values come back as they were', async (t) => {
  const values = [1n, new Map([[1, new Date(0)]]), new Set(['a']), NaN, -0, null, undefined, Buffer.from('b'), /x/g];
  t.deepEqual(await pool.map((value) => value, values, { chunkSize: 2 }), values);
  t.deepEqual(await pool.run((...args) => args, ...values), values);
});

test('arguments and results of 1 byte to 5 megabytes', async (t) => {
  const check = (bytes, seed) => {
    for (let at = 0; at < bytes.length; at += 997) if (bytes[at] !== seed) throw new Error(`wrong at ${at}`);
    return Buffer.alloc(bytes.length, seed + 1);
  };
  for (const size of [1, 200, 220, 230, 240, 241, 250, 1000, 16_383, 16_384, 65_536, 1 << 20, 5 << 20]) {
    const result = await pool.run(check, Buffer.alloc(size, 5), 5);
    t.true(result.equals(Buffer.alloc(size, 6)), `${size} bytes`);
  }
});

test('large arguments of many tasks at once', async (t) => {
  const tasks = Array.from({ length: 40 }, (_, index) =>
    pool.run((bytes) => [bytes.length, bytes[0]], Buffer.alloc(1 << 20, index)),
  );
  t.deepEqual(
    await Promise.all(tasks),
    Array.from({ length: 40 }, (_, index) => [1 << 20, index]),
  );
});

test('more tasks than the shared queue has room for', async (t) => {
  const runs = new SharedArray('u8', 5000);
  const task = (runs, index) => {
    Atomics.add(runs.view, index, 1);
    return index;
  };
  const all = Array.from({ length: 5000 }, (_, index) => pool.run(task, runs, index));
  t.deepEqual(
    await Promise.all(all),
    Array.from({ length: 5000 }, (_, index) => index),
  );
  t.true(runs.view.every((count) => count === 1));
});

test('shared objects are the same objects in every worker', async (t) => {
  const lock = new Lock();
  const totals = new SharedArray('i32', 2);
  const view = new Int32Array(sharedBuffer(8));
  const task = async ({ lock, totals, view }) => {
    await lock.run(async () => {
      const seen = totals.view[0];
      await new Promise(setImmediate);
      totals.view[0] = seen + 1;
    });
    Atomics.add(view, 1, 1);
  };
  await pool.map(task, Array(200).fill({ lock, totals, view }), { chunkSize: 5 });
  t.is(totals.view[0], 200);
  t.is(view[1], 200);
});

test('a task may print, and use a pool and processes of its own', async (t) => {
  const nested = async () => {
    const { Pool, Process } = require('multiproc');
    const inner = new Pool({ workers: 1 });
    const mapped = await inner.map((x) => x + 1, [1, 2, 3]);
    inner.close();
    await inner.join();
    const child = new Process(() => 'child').start();
    const result = await child.result;
    await child.join();
    return [mapped, result];
  };
  t.deepEqual(await pool.run(nested), [[2, 3, 4], 'child']);
});

test('two pools work at once and do not mix', async (t) => {
  const other = new Pool({ workers: 1, name: 'other' });
  const [mine, theirs] = await Promise.all([
    pool.map(
      (n) => [process.title.split(':')[0], n],
      Array.from({ length: 50 }, (_, n) => n),
      { chunkSize: 3 },
    ),
    other.map(
      (n) => [process.title.split(':')[0], -n],
      Array.from({ length: 50 }, (_, n) => n),
      { chunkSize: 3 },
    ),
  ]);
  t.deepEqual(
    mine,
    Array.from({ length: 50 }, (_, n) => ['shared by the tests', n]),
  );
  t.deepEqual(
    theirs,
    Array.from({ length: 50 }, (_, n) => ['other', -n]),
  );
  await other.terminate();
});
