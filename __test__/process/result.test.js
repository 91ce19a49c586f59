'use strict';
// What comes back from a Process: values, shared objects, and errors as they were.

const test = require('ava');
const { Lock, Process, SharedValue, registerError } = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

async function outcomeOf(target, args = []) {
  const child = new Process(target, { args, stdio: 'ignore' });
  child.start();
  const outcome = await child.result.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  t0(await child.join());
  return { ...outcome, exitCode: child.exitCode, signalCode: child.signalCode };
}

function t0(ended) {
  if (!ended) throw new Error('join() without a limit came back early');
}

test('values of every kind come back as they were', async (t) => {
  const { value } = await outcomeOf(() => {
    const cycle = { name: 'cycle' };
    cycle.self = cycle;
    return {
      big: 2n ** 70n,
      date: new Date(0),
      map: new Map([[{ a: 1 }, new Set([undefined, NaN, -0])]]),
      bytes: Buffer.from('abc'),
      floats: new Float64Array([0.5, -1]),
      pattern: /a+/giu,
      url: new URL('https://example.org/?q=1'),
      nothing: undefined,
      hole: Object.assign(new Array(3), { 0: 1, 2: 3 }),
      cycle,
    };
  });
  t.is(value.big, 2n ** 70n);
  t.deepEqual(value.date, new Date(0));
  t.deepEqual([...value.map.keys()], [{ a: 1 }]);
  t.deepEqual([...[...value.map.values()][0]], [undefined, NaN, 0]);
  t.true(Buffer.isBuffer(value.bytes));
  t.is(value.bytes.toString(), 'abc');
  t.deepEqual(value.floats, new Float64Array([0.5, -1]));
  t.is(String(value.pattern), '/a+/giu');
  t.is(value.url.href, 'https://example.org/?q=1');
  t.true('nothing' in value);
  t.false(1 in value.hole);
  t.is(value.cycle.self, value.cycle);
});

test('shared objects that the child made are the parent’s after the child has ended', async (t) => {
  const child = new Process(() => {
    const { Lock, SharedValue, sharedBuffer } = require('multiproc');
    const view = new Int32Array(sharedBuffer(16));
    view[3] = 77;
    return { lock: new Lock(), value: new SharedValue('u8', 9), view };
  });
  child.start();
  await child.join();
  const { lock, value, view } = await child.result;
  t.true(lock instanceof Lock);
  t.true(lock.tryAcquire());
  lock.release();
  t.true(value instanceof SharedValue);
  t.is(value.value, 9);
  t.deepEqual([...view], [0, 0, 0, 77]);
});

test('an error keeps class, code, cause, own properties and its remote stack', async (t) => {
  const { error, exitCode, signalCode } = await outcomeOf(function explode() {
    const cause = Object.assign(new TypeError('inner'), { code: 'E_INNER' });
    throw Object.assign(new RangeError('outer', { cause }), { code: 'E_OUTER', extra: { rows: [1n] } });
  });
  t.true(error instanceof RangeError);
  t.is(error.message, 'outer');
  t.is(error.code, 'E_OUTER');
  t.deepEqual(error.extra, { rows: [1n] });
  t.true(error.cause instanceof TypeError);
  t.is(error.cause.code, 'E_INNER');
  t.regex(error.stack, /RangeError: outer\n\s+at explode/);
  t.is(exitCode, 1);
  t.is(signalCode, null);
});

test('an AggregateError keeps its errors', async (t) => {
  const { error } = await outcomeOf(async () => {
    await Promise.any([Promise.reject(new TypeError('a')), Promise.reject(new Error('b'))]);
  });
  t.true(error instanceof AggregateError);
  t.deepEqual(
    error.errors.map(({ name, message }) => `${name} ${message}`),
    ['TypeError a', 'Error b'],
  );
});

test('an error of a registered class arrives as that class, another by name', async (t) => {
  class QuotaError extends Error {
    name = 'QuotaError';
  }
  registerError(QuotaError);
  const throws = (name) => {
    const Class = { [name]: class extends Error {} }[name];
    throw Object.assign(new Class('too much'), { name, left: 0 });
  };
  const known = await outcomeOf(throws, ['QuotaError']);
  t.true(known.error instanceof QuotaError);
  t.is(known.error.left, 0);
  const unknown = await outcomeOf(throws, ['OtherError']);
  t.true(unknown.error instanceof Error);
  t.false(unknown.error instanceof QuotaError);
  t.is(unknown.error.name, 'OtherError');
  t.is(unknown.error.left, 0);
});

test('things that are no errors are thrown as they are', async (t) => {
  for (const thrown of ['text', 7, null, undefined, { code: 1 }]) {
    const outcome = await outcomeOf(
      (thrown) => {
        throw thrown;
      },
      [thrown],
    );
    t.true('error' in outcome);
    t.deepEqual(outcome.error, thrown);
    t.is(outcome.exitCode, 1);
  }
});

test('an error that holds what cannot travel still says what went wrong', async (t) => {
  const { error, exitCode } = await outcomeOf(() => {
    throw Object.assign(new RangeError('the real problem'), {
      code: 'E_REAL',
      status: 503,
      config: { retry: () => 1 },
    });
  });
  t.true(error instanceof RangeError);
  t.is(error.message, 'the real problem');
  t.is(error.code, 'E_REAL');
  t.is(error.status, 503);
  t.is(exitCode, 1);
});

test('a result that cannot travel rejects with its path', async (t) => {
  const { error, exitCode } = await outcomeOf(() => ({ items: [0, { callback() {} }] }));
  t.is(error.name, 'SerializationError');
  t.is(error.code, 'ERR_MULTIPROC_SERIALIZE');
  t.is(error.path, 'result.items[1].callback');
  t.is(exitCode, 1);
});

test('a thrown value that cannot travel rejects all the same', async (t) => {
  const { error } = await outcomeOf(() => {
    throw () => 1;
  });
  t.is(error.code, 'ERR_MULTIPROC_SERIALIZE');
});

test('ten megabytes of result arrive whole, also when the child exits at once', async (t) => {
  const { value, exitCode } = await outcomeOf(() => {
    process.once('beforeExit', () => process.exit(0));
    return Buffer.alloc(10 << 20, 'abcdefg');
  });
  t.is(value.length, 10 << 20);
  t.true(value.equals(Buffer.alloc(10 << 20, 'abcdefg')));
  t.is(exitCode, 0);
});
