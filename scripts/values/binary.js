'use strict';
// Memory and views on it; see scripts/values_table.js.

const { SharedArray, SharedValue, sharedBuffer } = require('../..');
const { equal, ofClass, nothing } = require('./kept');

const bytesOf = (view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
const sameBytes = (found, original) => bytesOf(found) === bytesOf(original);
const WHOLE = { 'the numbers': sameBytes, 'the class': ofClass };
const source = () => Uint8Array.from({ length: 32 }, (_, i) => i).buffer;
const names = (classes) => classes.map(({ name }) => `\`${name}\``).join(', ');
const all = (check) => (found, original) => original.every((one, i) => check(found[i], one));

const views = (classes) => ({
  name: names(classes),
  make: () => classes.map((Class) => new Class(source(), 8, 2)),
  keeps: Object.fromEntries(Object.entries(WHOLE).map(([name, check]) => [name, all(check)])),
});

function detached(make) {
  const buffer = new ArrayBuffer(8);
  const view = make(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return view;
}

const float16 = () => Float16Array.of(1.5, -0, NaN);
/** That what is written through one is seen through the other. */
const sharesMemory = (found, original) => {
  const [a, b] = [found, original].map((one) => new Uint8Array(one.buffer ?? one));
  a[0] += 1;
  return a[0] === b[0];
};

module.exports = [
  {
    name: '`ArrayBuffer`',
    make: source,
    keeps: {
      'the bytes': (found, original) => equal(new Uint8Array(found), new Uint8Array(original)),
      'the class': ofClass,
    },
  },
  {
    name: 'resizable `ArrayBuffer`',
    make: () => new ArrayBuffer(8, { maxByteLength: 16 }),
    keeps: { 'the bytes': (found) => found.byteLength === 8, 'being resizable': (found) => found.resizable },
  },
  nothing('detached `ArrayBuffer`', () => detached((buffer) => buffer)),
  nothing('view on a detached `ArrayBuffer`', () => detached((buffer) => new Uint8Array(buffer))),
  views([Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]),
  views([Float32Array, Float64Array, BigInt64Array, BigUint64Array]),
  { name: '`Float16Array`', make: float16, keeps: WHOLE, exists: typeof Float16Array === 'function' },
  {
    name: '`DataView`',
    make: () => new DataView(source(), 3, 5),
    keeps: { 'the bytes': sameBytes, 'the class': ofClass },
  },
  {
    name: 'view on a part of a buffer',
    make: () => new Uint8Array(source(), 8, 2),
    keeps: { 'its part': sameBytes, 'the rest of the buffer': (found) => found.buffer.byteLength === 32 },
  },
  {
    name: 'views that share a buffer',
    make: () => {
      const buffer = source();
      return [new Uint8Array(buffer), new DataView(buffer, 4), buffer];
    },
    keeps: {
      'the bytes': (found, original) => sameBytes(found[0], original[0]),
      sharing: (f) => f[0].buffer === f[2] && f[1].buffer === f[2],
    },
  },
  {
    name: '`Buffer`',
    make: () => Buffer.alloc(100_000, 'x').subarray(10, 20),
    keeps: {
      'its bytes': sameBytes,
      'the class': ofClass,
      'the memory beside it': (found) => found.buffer.byteLength >= 100_000,
    },
  },
  {
    name: '`sharedBuffer()`, the `SharedArrayBuffer` of multiproc',
    make: () => sharedBuffer(64),
    keeps: { 'the same memory': sharesMemory },
    varies: ['the same memory, between threads only', 'multiproc also between processes'],
  },
  {
    name: 'views and `Buffer`s on a `sharedBuffer()`, at any depth',
    make: () => {
      const memory = sharedBuffer(64);
      return new Map([[1, [new Int32Array(memory, 8, 2), new DataView(memory, 4), Buffer.from(memory, 2, 3)]]]);
    },
    keeps: {
      'the same memory': (found, original) => all(sharesMemory)(found.get(1), original.get(1)),
      'the class': (found, original) => all(ofClass)(found.get(1), original.get(1)),
    },
    varies: ['the same memory, between threads only', 'multiproc also between processes'],
  },
  {
    name: '`SharedArray`',
    make: () => new SharedArray('i32', 3),
    keeps: { 'the same memory': (found, original) => sharesMemory(found.view, original.view), 'the class': ofClass },
  },
  {
    name: '`SharedValue`',
    make: () => new SharedValue('i32', 3),
    keeps: { 'the same memory': (found, original) => sharesMemory(found, original), 'the class': ofClass },
  },
  nothing('`SharedArrayBuffer` of anybody else', () => new SharedArrayBuffer(8), {
    varies: ['the same memory, between threads only', 'refused by multiproc'],
  }),
];
