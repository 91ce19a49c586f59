'use strict';
// SharedValue: one number, bigint or boolean, whose operations are whole for every process.

const path = require('node:path');
const test = require('ava');
const { Lock, Process, SharedValue } = require('../..');
const { liveBlocks } = require('../fixtures/process/watch');
const { warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

const INTEGERS = [
  ['i8', -128, 127],
  ['u8', 0, 255],
  ['i16', -32_768, 32_767],
  ['u16', 0, 65_535],
  ['i32', -(2 ** 31), 2 ** 31 - 1],
  ['u32', 0, 2 ** 32 - 1],
  ['i64', -(2n ** 63n), 2n ** 63n - 1n],
  ['u64', 0n, 2n ** 64n - 1n],
];

for (const [type, smallest, largest] of INTEGERS) {
  const of = (number) => (typeof smallest === 'bigint' ? BigInt(number) : number);

  test.serial(`${type}: from zero to its limits and round them`, (t) => {
    const value = new SharedValue(type);
    t.is(value.type, type);
    t.is(value.value, of(0));
    for (const held of [smallest, largest, of(1)]) {
      value.value = held;
      t.is(value.value, held);
      t.is(new SharedValue(type, held).value, held);
    }
    t.is(value.add(of(4)), of(1), 'operations return what was there before');
    t.is(value.sub(of(2)), of(5));
    t.is(value.value, of(3));
    t.is(value.and(of(6)), of(3));
    t.is(value.or(of(9)), of(2));
    t.is(value.xor(of(1)), of(11));
    t.is(value.value, of(10));
    t.is(value.exchange(of(7)), of(10));
    t.is(value.compareExchange(of(8), of(1)), of(7));
    t.is(value.value, of(7));
    t.is(value.compareExchange(of(7), of(1)), of(7));
    t.is(value.value, of(1));
    t.is(
      value.update((old) => old + of(1)),
      of(2),
    );
    value.value = largest;
    value.add(of(1));
    t.is(value.value, smallest, 'as in C, sums wrap round');
  });

  test.serial(`${type}: what does not fit throws with a code and changes nothing`, (t) => {
    const value = new SharedValue(type, of(5));
    const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
    const kind = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
    for (const wrong of [smallest - of(1), largest + of(1)]) {
      t.throws(() => new SharedValue(type, wrong), range);
      t.throws(() => {
        value.value = wrong;
      }, range);
      t.throws(() => value.exchange(wrong), range);
      t.throws(() => value.compareExchange(of(5), wrong), range);
      t.throws(() => value.or(wrong), range);
      t.throws(() => value.update(() => wrong), range);
    }
    for (const wrong of ['5', null, true, typeof smallest === 'bigint' ? 5 : 5n, {}]) {
      t.throws(() => new SharedValue(type, wrong), kind);
      t.throws(() => {
        value.value = wrong;
      }, kind);
      t.throws(() => value.add(wrong), kind);
      t.throws(() => value.xor(wrong), kind);
      t.throws(() => value.update(() => wrong), kind);
    }
    if (typeof smallest === 'number') {
      for (const wrong of [1.5, Number.NaN, Infinity]) {
        t.throws(() => value.add(wrong), range);
        t.throws(() => {
          value.value = wrong;
        }, range);
      }
    }
    t.throws(() => value.update('fn'), kind);
    t.is(value.value, of(5));
  });
}

for (const [type, third] of [
  ['f32', Math.fround(1 / 3)],
  ['f64', 1 / 3],
]) {
  test.serial(`${type}: numbers of its width, with -0, NaN and the infinities`, (t) => {
    const value = new SharedValue(type);
    t.is(value.value, 0);
    for (const held of [third, -0, Number.NaN, Infinity, -Infinity, 2 ** 100]) {
      value.value = held;
      t.true(Object.is(value.value, held));
      t.true(Object.is(value.exchange(1), held));
      t.true(Object.is(value.compareExchange(1, held), 1));
      t.true(Object.is(value.compareExchange(held, 1), held), `${held} equals itself`);
      t.is(value.value, 1);
    }
    value.value = 0.5;
    t.is(value.add(0.25), 0.5);
    t.is(value.sub(1), 0.75);
    t.is(value.value, -0.25);
    t.is(
      value.update((old) => old * 2),
      -0.5,
    );
    value.value = 0.1;
    t.is(value.compareExchange(0.1, 3), value.type === 'f32' ? Math.fround(0.1) : 0.1);
    t.is(value.value, 3, '0.1 is compared as it is stored');
    t.throws(() => value.and(1), { code: 'ERR_INVALID_ARG_VALUE' });
    for (const wrong of ['1', 1n, null]) {
      t.throws(() => value.add(wrong), { code: 'ERR_INVALID_ARG_TYPE' });
      t.throws(() => value.exchange(wrong), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    t.is(value.value, 3);
  });
}

test.serial('bool: true and false, and nothing else', (t) => {
  const value = new SharedValue('bool');
  t.is(value.value, false);
  t.is(value.exchange(true), false);
  t.is(value.value, true);
  t.is(value.compareExchange(true, false), true);
  t.is(value.or(true), false);
  t.is(value.and(true), true);
  t.is(value.xor(true), true);
  t.is(value.value, false);
  t.is(
    value.update((old) => !old),
    true,
  );
  for (const wrong of [1, 0, 'true', null]) {
    t.throws(
      () => {
        value.value = wrong;
      },
      { code: 'ERR_INVALID_ARG_TYPE' },
    );
  }
  t.throws(() => value.add(1), { code: 'ERR_INVALID_ARG_VALUE' });
  t.is(value.value, true);
});

test.serial('Python type codes and typed array classes name the types; others throw', async (t) => {
  t.is(new SharedValue('i').type, 'i32');
  t.is(new SharedValue('d', 1.5).value, 1.5);
  t.is(new SharedValue(BigUint64Array).type, 'u64');
  const before = await liveBlocks();
  for (const wrong of ['x', 'toString', 5, undefined, Object]) {
    t.throws(() => new SharedValue(wrong), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' });
  }
  t.throws(() => new SharedValue('i32', 0, { lock: 5 }), { code: 'ERR_INVALID_ARG_TYPE' });
  t.is(await liveBlocks(), before);
});

test.serial('update() loses none of the changes that processes make at the same time', async (t) => {
  const values = {
    i32: new SharedValue('i32', 0),
    i64: new SharedValue('i64', 0n),
    f64: new SharedValue('f64', 0),
    f32: new SharedValue('f32', 0),
    u8: new SharedValue('u8', 0),
  };
  const work = (shared) => {
    for (let round = 0; round < 5000; round += 1) {
      shared.i32.update((old) => old + 2);
      shared.i64.update((old) => old + 2n);
      shared.f64.update((old) => old + 0.5);
      shared.f32.add(1);
      shared.u8.update((old) => (old + 1) % 256);
    }
  };
  const children = [1, 2, 3].map(() => new Process(work, { args: [values] }).start());
  work(values);
  await Promise.all(children.map(({ result }) => result));
  t.is(values.i32.value, 40_000);
  t.is(values.i64.value, 40_000n);
  t.is(values.f64.value, 10_000);
  t.is(values.f32.value, 20_000);
  t.is(values.u8.value, 20_000 % 256);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('lock: for what takes several operations; it travels along', async (t) => {
  const given = new Lock();
  t.is(new SharedValue('i32', 0, { lock: given }).lock, given);
  t.is(new SharedValue('i32', 0, { lock: false }).lock, undefined);
  const value = new SharedValue('i32', 0);
  const work = async (shared) => {
    for (let round = 0; round < 1000; round += 1) {
      await shared.lock.run(() => {
        shared.value = shared.value + 1;
      });
    }
  };
  const children = [1, 2].map(() => new Process(work, { args: [value] }).start());
  await work(value);
  await Promise.all(children.map(({ result }) => result));
  t.is(value.value, 3000);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('names: one value everywhere, which keeps what it holds unless one is given', async (t) => {
  const value = new SharedValue('f64', 4.5, { name: 'named value' });
  t.is(new SharedValue('f64', undefined, { name: 'named value' }).value, 4.5);
  const child = new Process(
    () => {
      const multiproc = require('multiproc');
      const there = new multiproc.SharedValue('f64', undefined, { name: 'named value' });
      return [there.exchange(5.5), there.lock.tryAcquire()];
    },
    { cwd: path.join(__dirname, '..', '..') },
  ).start();
  t.deepEqual(await child.result, [4.5, true]);
  t.is(value.value, 5.5);
  new SharedValue('f64', 1, { name: 'named value' });
  t.is(value.value, 1);
  await child.join();
  t.true(value.lock.acquireSync(20_000));
  t.is(value.lock.abandonedBy?.pid, child.pid, 'the process ended with the lock');
});
