'use strict';
// Binary data: copies are compact, what was shared is shared afterwards, shared memory travels by reference.

const test = require('ava').default ?? require('ava');
const { encode, decode } = require('../../lib/codec');

const travel = (value, options) => decode(Buffer.from(encode(value, options)), options);
const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
];
if (typeof Float16Array === 'function') VIEWS.push(Float16Array);

test('every_kind_of_view_arrives_as_that_kind_with_offset_and_length', (t) => {
  for (const View of VIEWS) {
    const { buffer } = Uint8Array.from({ length: 64 }, (_, i) => i);
    const found = travel(new View(buffer, 8, 2));
    t.is(found.constructor, View);
    t.is(found.byteOffset, 8);
    t.is(found.length, new View(buffer, 8, 2).length);
    t.deepEqual(Buffer.from(found.buffer), Buffer.from(buffer));
  }
});

test('views_that_share_a_buffer_share_it_afterwards', (t) => {
  const buffer = new ArrayBuffer(16);
  const found = travel({ bytes: new Uint8Array(buffer), doubles: new Float64Array(buffer, 8), buffer });
  found.bytes[8] = 1;
  t.is(found.doubles.buffer, found.buffer);
  t.is(found.bytes.buffer, found.buffer);
  t.not(found.doubles[0], 0);
});

test('a_buffer_stays_a_buffer_and_only_its_bytes_travel', (t) => {
  const pool = Buffer.alloc(100000, 1);
  const bytes = encode(pool.subarray(10, 20));
  t.true(bytes.length < 20);
  const found = decode(bytes);
  t.true(Buffer.isBuffer(found));
  t.deepEqual(found, Buffer.alloc(10, 1));
  t.deepEqual(travel([Buffer.alloc(0), Buffer.alloc(2e5, 7)]), [Buffer.alloc(0), Buffer.alloc(2e5, 7)]);
});

test('properties_of_a_view_do_not_change_what_is_read_of_it', (t) => {
  const { buffer } = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  for (const view of [new Uint16Array(buffer, 2, 2), new DataView(buffer, 2, 4)]) {
    const bare = travel(Object.setPrototypeOf(view, null));
    t.is(bare.byteOffset, 2);
    t.is(bare.byteLength, 4);
    t.deepEqual(Buffer.from(bare.buffer), Buffer.from(buffer));
  }
  const misleading = new Uint8Array(buffer, 4);
  for (const key of ['length', 'byteOffset', 'byteLength']) Object.defineProperty(misleading, key, { value: 1000000 });
  Object.defineProperty(misleading, 'buffer', { value: 'none' });
  t.deepEqual([...travel(misleading)], [5, 6, 7, 8]);
  // What lies beside a Buffer in memory stays where it is.
  const long = Object.defineProperty(Buffer.from('abc'), 'length', { value: 1000000 });
  t.true(encode(long).length < 10);
  t.is(String(travel(long)), 'abc');
});

test('the_same_view_twice_is_the_same_view_afterwards', (t) => {
  for (const view of [Buffer.from('x'), new Uint8Array(3), new DataView(new ArrayBuffer(3))]) {
    const found = travel([view, view]);
    t.is(found[0], found[1]);
  }
});

test('what_arrives_does_not_share_memory_with_the_message', (t) => {
  const bytes = Buffer.from(encode([Buffer.from('abc'), new Uint8Array([1, 2]), 'text']));
  const found = decode(bytes);
  bytes.fill(0xff);
  t.deepEqual(found, [Buffer.from('abc'), new Uint8Array([1, 2]), 'text']);
});

test('a_view_on_shared_memory_travels_as_a_reference_to_it', (t) => {
  const memory = new SharedArrayBuffer(1 << 16);
  const context = {
    describe: (object) => (object === memory ? { kind: 1, index: 2, generation: 3, extra: undefined } : null),
    revive: () => memory,
  };
  const value = [new Int32Array(memory, 64, 4), new DataView(memory, 8), Buffer.from(memory, 128, 16), memory];
  t.true(encode(value, { context }).length < 100);
  const found = travel(value, { context });
  t.true(found.slice(0, 3).every((view) => view.buffer === memory));
  t.deepEqual(
    found.map((view) => view.byteOffset),
    [64, 8, 128, undefined],
  );
  t.deepEqual(
    found.map((view) => view.byteLength),
    [16, (1 << 16) - 8, 16, 1 << 16],
  );
  t.deepEqual(
    found.map((view) => view.constructor),
    [Int32Array, DataView, Buffer, SharedArrayBuffer],
  );
  t.is(found[3], memory);
  t.throws(() => encode(value[0]), {
    code: 'ERR_MULTIPROC_SERIALIZE',
    message: /^value\.buffer is a SharedArrayBuffer/,
  });
});
