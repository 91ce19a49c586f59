'use strict';
// SharedArray: every element type, from a length or from elements, across processes.

const test = require('ava');
const { Lock, Process, SharedArray, SharedValue } = require('../..');
const { liveBlocks } = require('../fixtures/process/watch');
const { warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

/** name, the class of its view, Python's type codes, the smallest and the largest element */
const TYPES = [
  ['i8', Int8Array, 'b', -128, 127],
  ['u8', Uint8Array, 'B', 0, 255],
  ['i16', Int16Array, 'h', -32_768, 32_767],
  ['u16', Uint16Array, 'H', 0, 65_535],
  ['i32', Int32Array, 'i', -(2 ** 31), 2 ** 31 - 1],
  ['u32', Uint32Array, 'I', 0, 2 ** 32 - 1],
  ['i64', BigInt64Array, 'lq', -(2n ** 63n), 2n ** 63n - 1n],
  ['u64', BigUint64Array, 'LQ', 0n, 2n ** 64n - 1n],
  ['f32', Float32Array, 'f', Math.fround(-3.4e38), Math.fround(1.1)],
  ['f64', Float64Array, 'd', -Number.MAX_VALUE, Number.MIN_VALUE],
];

for (const [name, View, codes, smallest, largest] of TYPES) {
  test.serial(`${name}: zeroed, holds its smallest and largest element, also in another process`, async (t) => {
    const array = new SharedArray(name, 5);
    t.is(array.type, name);
    t.is(array.length, 5);
    t.is(array.view.constructor, View);
    const zero = typeof smallest === 'bigint' ? 0n : 0;
    t.deepEqual([...array], [zero, zero, zero, zero, zero]);
    array.view.set([smallest, largest], 1);
    const child = new Process(
      (there) => {
        const seen = [...there];
        there.view[4] = there.view[2];
        there.view[0] = there.view[1];
        return { seen, type: there.type, length: there.length, view: there.view.constructor.name };
      },
      { args: [array] },
    ).start();
    const { seen, type, length, view } = await child.result;
    t.deepEqual(seen, [zero, smallest, largest, zero, zero]);
    t.deepEqual([type, length, view], [name, 5, View.name]);
    t.deepEqual([...array], [smallest, smallest, largest, zero, largest]);
    await child.join();
    for (const type of [...codes, View]) t.is(new SharedArray(type, 1).type, name);
    t.deepEqual([...new SharedArray(name, [largest, smallest])], [largest, smallest]);
  });
}

test.serial('bool: an array of bytes 0 and 1', (t) => {
  const array = new SharedArray('bool', [true, false, true]);
  t.is(array.type, 'bool');
  t.deepEqual([...array.view], [1, 0, 1]);
  t.is(new SharedArray('?', 2).type, 'bool');
  t.throws(() => new SharedArray('bool', [1]), { code: 'ERR_INVALID_ARG_TYPE' });
});

test.serial('recycled memory is zero, however often', async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const array = new SharedArray('i32', 1000);
    t.true(array.view.every((element) => element === 0));
    array.view.fill(-1);
    await liveBlocks();
  }
});

test.serial('from any iterable, and element by element', (t) => {
  t.deepEqual([...new SharedArray('i32', new Set([3, 1, 2]))], [3, 1, 2]);
  t.deepEqual([...new SharedArray('u8', new Uint8Array([7, 8]))], [7, 8]);
  t.deepEqual([...new SharedArray('f64', [])], []);
  t.is(new SharedArray('f64', 0).length, 0);
  const array = new SharedArray('i32', [10, 20, 30, 40]);
  t.is(array.at(0), 10);
  t.is(array.at(-1), 40);
  t.is(array.at(4), undefined);
  const part = array.subarray(1, 3);
  part[0] = 99;
  t.deepEqual([...array], [10, 99, 30, 40]);
  t.is(part.buffer, array.buffer);
  t.is(array.view.buffer, array.buffer);
});

test.serial('types, lengths and elements that do not fit throw with a code, and nothing is allocated', async (t) => {
  const before = await liveBlocks();
  const value = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' };
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
  for (const wrong of ['i128', '', 'constructor', '__proto__', 5, null, undefined, {}, Array]) {
    t.throws(() => new SharedArray(wrong, 1), value);
  }
  for (const length of [-1, 1.5, Number.NaN, Infinity, 2 ** 53]) t.throws(() => new SharedArray('i32', length), range);
  for (const source of [undefined, null, 5n, {}, true]) t.throws(() => new SharedArray('i32', source), type);
  t.throws(() => new SharedArray('u8', [1, 256]), { ...range, message: /element 1/ });
  t.throws(() => new SharedArray('u8', [1.5]), range);
  t.throws(() => new SharedArray('i8', [-129]), range);
  t.throws(() => new SharedArray('i64', [1]), type);
  t.throws(() => new SharedArray('i64', [2n ** 63n]), range);
  t.throws(() => new SharedArray('u64', [-1n]), range);
  t.throws(() => new SharedArray('i32', [1n]), type);
  t.throws(() => new SharedArray('f64', ['1']), type);
  t.throws(() => new SharedArray('i32', 1, { lock: 'yes' }), type);
  t.throws(() => new SharedArray('i32', 1, { lock: null }), type);
  t.throws(() => new SharedArray('i32', 1, 5), type);
  t.throws(() => new SharedArray('f64', 2 ** 51), { code: 'ERR_OUT_OF_RANGE' });
  t.is(await liveBlocks(), before);
});

test.serial('a length that no typed array can have throws with a code', async (t) => {
  const before = await liveBlocks();
  const error = t.throws(() => new SharedArray('u8', 2 ** 34));
  t.regex(`${error.code}`, /^ERR_/);
  t.is(await liveBlocks(), before);
});

test.serial('lock: its own unless told otherwise, the given one, or none; it travels along', async (t) => {
  const given = new Lock();
  t.true(new SharedArray('i32', 1).lock instanceof Lock);
  t.true(new SharedArray('i32', 1, { lock: true }).lock instanceof Lock);
  t.is(new SharedArray('i32', 1, { lock: false }).lock, undefined);
  const array = new SharedArray('i32', 2, { lock: given });
  t.is(array.lock, given);
  const add = async (shared) => {
    for (let round = 0; round < 2000; round += 1) {
      shared.lock.runSync(() => {
        shared.view[0] = shared.view[0] + 1;
      });
    }
    return shared.lock === undefined;
  };
  const children = [1, 2].map(() => new Process(add, { args: [array] }).start());
  await add(array);
  t.deepEqual(await Promise.all(children.map(({ result }) => result)), [false, false]);
  t.is(array.view[0], 6000);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('names: the same array and the same lock everywhere', async (t) => {
  const array = new SharedArray('f64', 3, { name: 'named array' });
  const again = new SharedArray('f64', 3, { name: 'named array' });
  array.view[1] = 2.5;
  t.is(again.view[1], 2.5);
  array.lock.acquireSync();
  t.true(again.lock.locked);
  const child = new Process(() => {
    const multiproc = require('multiproc');
    const there = new multiproc.SharedArray('f64', 3, { name: 'named array' });
    there.view[2] = 3.5;
    return there.lock.tryAcquire();
  }).start();
  t.false(await child.result);
  await child.join();
  t.is(array.view[2], 3.5);
  t.throws(() => new SharedArray('f64', 4, { name: 'named array' }), { code: 'ERR_MULTIPROC_NAME' });
  t.throws(() => new SharedValue('f64', 0, { name: 'named array' }), { code: 'ERR_MULTIPROC_NAME' });
  t.is(array.view[1], 2.5);
});
