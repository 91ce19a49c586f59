'use strict';
// What fails in a pool fails where it belongs: in the caller, in one task, never in the others.

const test = require('ava');
const { Lock, Pool, SharedArray, SharedValue } = require('../..');
const { guard } = require('../helpers/leaks');
const { blocksAreBackTo, liveBlocks, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

let pool;
test.before(() => {
  pool = new Pool({ workers: 1, stdio: 'ignore' });
});
test.after.always(() => pool.terminate());

const pidOf = () => pool.run(() => process.pid);

test.serial('an error keeps class, code, cause, own properties and its remote stack', async (t) => {
  const failing = function explode(value) {
    const cause = Object.assign(new SyntaxError('inner'), { code: 'E_INNER' });
    throw Object.assign(new RangeError(`no ${value}`, { cause }), { code: 'E_OUTER', rows: [1n, new Map()] });
  };
  for (const promise of [pool.run(failing, 1), pool.apply(failing, [1]), pool.map(failing, [1])]) {
    const error = await t.throwsAsync(promise, { instanceOf: RangeError, message: 'no 1', code: 'E_OUTER' });
    t.deepEqual(error.rows, [1n, new Map()]);
    t.true(error.cause instanceof SyntaxError);
    t.is(error.cause.code, 'E_INNER');
    t.regex(error.stack, /at explode/);
  }
});

test.serial('rejections and things that are no errors arrive as they are', async (t) => {
  await t.throwsAsync(
    pool.run(async () => Promise.reject(new TypeError('later'))),
    { instanceOf: TypeError },
  );
  for (const thrown of ['text', 0, null, undefined, { a: 1 }]) {
    const outcome = await pool
      .run((thrown) => {
        throw thrown;
      }, thrown)
      .then(
        () => 'resolved',
        (reason) => [reason],
      );
    t.deepEqual(outcome, [thrown]);
  }
});

test.serial('an error that holds what cannot travel still says what went wrong', async (t) => {
  const failing = () => {
    throw Object.assign(new RangeError('the real problem'), { status: 503, config: { retry: () => 1 } });
  };
  const error = await t.throwsAsync(pool.run(failing), { instanceOf: RangeError, message: 'the real problem' });
  t.is(error.status, 503);
});

test.serial('of a map that fails all chunks are run, and the first failure in order is told', async (t) => {
  const runs = new SharedArray('u8', 6);
  const task = ([runs, n]) => {
    Atomics.add(runs.view, n, 1);
    if (n === 1 || n === 4) throw new Error(`item ${n}`);
  };
  const items = Array.from({ length: 6 }, (_, n) => [runs, n]);
  await t.throwsAsync(pool.map(task, items, { chunkSize: 1 }), { message: 'item 1' });
  t.deepEqual([...runs.view], [1, 1, 1, 1, 1, 1]);
  runs.view.fill(0);
  await t.throwsAsync(pool.map(task, items, { chunkSize: 3 }), { message: 'item 1' });
  t.deepEqual([...runs.view], [1, 1, 0, 1, 1, 0], 'the rest of a chunk that failed is not run');
});

test.serial('an argument that cannot travel rejects with its path, and nothing is lost', async (t) => {
  await pidOf();
  const before = await liveBlocks();
  await (async () => {
    const code = 'ERR_MULTIPROC_SERIALIZE';
    const run = await t.throwsAsync(
      pool.run((a) => a, new Lock(), { rows: [{ callback() {} }] }),
      { code },
    );
    t.is(run.path, 'args[1].rows[0].callback');
    const apply = await t.throwsAsync(
      pool.apply((a) => a, [Symbol('s')]),
      { code },
    );
    t.is(apply.path, 'args[0]');
    const map = await t.throwsAsync(
      pool.map((a) => a, [1, 2, new Lock(), { bad: () => 1 }, 5], { chunkSize: 2 }),
      { code },
    );
    t.is(map.path, 'items[3].bad');
    t.is(map.name, 'SerializationError');
  })();
  t.deepEqual(await pool.map((x) => x, [1, 2, 3]), [1, 2, 3]);
  await blocksAreBackTo(before);
});

test.serial('twenty results that cannot travel reject with their path, in one worker that lives on', async (t) => {
  const pid = await pidOf();
  for (let round = 0; round < 20; round += 1) {
    const error = await t.throwsAsync(
      pool.run(() => ({ items: [0, { cb: () => 1 }] })),
      { code: 'ERR_MULTIPROC_SERIALIZE' },
    );
    t.is(error.path, 'result.items[1].cb');
  }
  t.is(await pidOf(), pid);
});

test.serial('names that a function would miss are refused in the caller, and nothing is started', async (t) => {
  const factor = 3;
  const fresh = new Pool({ workers: 1 });
  for (const promise of [
    fresh.run((x) => x * factor, 1),
    fresh.apply((x) => x * factor, [1]),
    fresh.map((x) => x * factor, [1]),
  ]) {
    const error = await t.throwsAsync(promise, { code: 'ERR_MULTIPROC_CLOSURE' });
    t.deepEqual(
      error.names.map(({ name }) => name),
      ['factor'],
    );
  }
  await t.throwsAsync(fresh.run(Math.max, 1), { code: 'ERR_MULTIPROC_TARGET' });
  await t.throwsAsync(fresh.run('text'), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' });
  t.deepEqual(fresh.workers, []);
  await fresh.terminate();
});

test.serial('options that make no sense are refused', async (t) => {
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
  for (const options of [null, 4, 'text', []]) t.throws(() => new Pool(options), type);
  for (const workers of ['2', null, {}, 2n]) t.throws(() => new Pool({ workers }), type);
  for (const workers of [0, -1, 1.5, NaN, Infinity, 256]) t.throws(() => new Pool({ workers }), range);
  t.throws(() => new Pool({ name: 7 }), type);
  t.throws(() => new Pool({ name: '' }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.throws(() => new Pool({ execArgv: '--flag' }), type);
  t.throws(() => new Pool({ env: 'A=1' }), type);
  const id = (x) => x;
  for (const chunkSize of ['2', null, {}]) await t.throwsAsync(pool.map(id, [1], { chunkSize }), type);
  for (const chunkSize of [0, -1, 0.5, NaN]) await t.throwsAsync(pool.map(id, [1], { chunkSize }), range);
  for (const iterable of [null, undefined, 7, {}]) await t.throwsAsync(pool.map(id, iterable), type);
  for (const args of [null, 'text', 7, {}]) await t.throwsAsync(pool.apply(id, args), type);
  for (const signal of [null, 'abort', {}]) {
    await t.throwsAsync(pool.apply(id, [1], { signal }), type);
    await t.throwsAsync(pool.map(id, [1], { signal }), type);
  }
});

test.serial('a signal that is aborted already runs nothing', async (t) => {
  const runs = new SharedValue('i32');
  const reason = new Error('not wanted');
  const options = { signal: AbortSignal.abort(reason) };
  const task = (runs) => runs.add(1);
  for (const promise of [
    pool.apply(task, [runs], options),
    pool.map(task, [runs], options),
    pool.map(task, [], options),
  ]) {
    const error = await t.throwsAsync(promise, { name: 'AbortError', code: 'ABORT_ERR' });
    t.is(error.cause, reason);
  }
  await pool.run(() => 1);
  t.is(runs.value, 0);
});

test.serial('an abort rejects what is pending, and the pool goes on', async (t) => {
  const warnings = [];
  const onWarning = (warning) => warnings.push(warning);
  process.on('warning', onWarning);
  const controller = new AbortController();
  const { signal } = controller;
  const gate = new SharedValue('i32');
  const waits = async (gate) => {
    gate.value = 1;
    while (gate.value !== 2) await new Promise(setImmediate);
    return 'done';
  };
  const running = pool.apply(waits, [gate], { signal });
  const innocent = pool.run(() => 'innocent');
  const mapped = pool.map(
    (x) => x,
    Array.from({ length: 50 }, (_, n) => n),
    { signal, chunkSize: 1 },
  );
  const queued = Array.from({ length: 3000 }, () => pool.apply(() => 'queued', [], { signal }));
  while (gate.value !== 1) await new Promise(setImmediate);
  controller.abort('enough');
  const outcomes = await Promise.allSettled([running, mapped, ...queued]);
  t.true(outcomes.every(({ reason }) => reason?.code === 'ABORT_ERR' && reason.cause === 'enough'));
  gate.value = 2;
  t.is(await innocent, 'innocent');
  t.is(await pool.run(() => 'after'), 'after');
  process.off('warning', onWarning);
  t.deepEqual(warnings, []);
});

test.serial('an abort after the result changes nothing', async (t) => {
  const controller = new AbortController();
  const promise = pool.apply(() => 1, [], { signal: controller.signal });
  t.is(await promise, 1);
  controller.abort();
  t.is(await promise, 1);
});
