'use strict';
// Bytes that no encode() made give a value or ERR_MULTIPROC_DESERIALIZE: no other error, no hang, no memory out of
// proportion. SEED=n replays the mutations.

const test = require('ava').default ?? require('ava');
const { encode, decode } = require('../../lib/codec');
const { TAGS, VERSION } = require('../../lib/codec/tags');
const { randomFrom, randomValue } = require('./random-values');

const MUTATION_COUNT = 20000;

function samples() {
  const shared = { id: 1, name: 'shared', list: [1, 2, 3] };
  const sparse = [1, 2];
  sparse[5000] = 'far';
  sparse.extra = shared;
  const error = new RangeError('outer', { cause: new AggregateError([new Error('inner')], 'many') });
  return [
    { shared, again: shared, rows: Array.from({ length: 5 }, (_, id) => ({ id, text: `row ${id}` })) },
    [Array.from({ length: 40 }, (_, i) => i), Array.from({ length: 40 }, (_, i) => i / 3), sparse],
    new Map([
      ['key', new Set([1n, -(2n ** 100n)])],
      [shared, /x+/g],
    ]),
    [new Date(0), new URL('http://a.example/?q=1'), new URLSearchParams('a=b'), Object('boxed'), Buffer.from('bytes')],
    [new Float64Array([1, 2, 3]), new DataView(new ArrayBuffer(9), 1, 3), new Uint16Array(4)],
    error,
    new DOMException('late', 'TimeoutError'),
    Object.assign(Object.create(null), { a: '漢字'.repeat(40), b: 'é'.repeat(80), c: '\ud800' }),
  ];
}

function decodesOrRefuses(t, bytes, label) {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    if (error.code === 'ERR_MULTIPROC_DESERIALIZE') return true;
    t.fail(`${label}: ${error.stack} for ${Buffer.from(bytes).toString('hex')}`);
    return false;
  }
}

test('a_message_cut_at_any_length_is_refused', (t) => {
  for (const value of samples()) {
    const bytes = Buffer.from(encode(value));
    for (let length = 0; length < bytes.length; length++) {
      t.throws(() => decode(bytes.subarray(0, length)), { code: 'ERR_MULTIPROC_DESERIALIZE' });
    }
  }
});

test('bytes_after_the_value_are_refused', (t) => {
  t.throws(() => decode(Buffer.concat([encode({ a: 1 }), Buffer.from([0])])), { code: 'ERR_MULTIPROC_DESERIALIZE' });
});

test('mutated_messages_give_a_value_or_the_one_error', (t) => {
  const seed = Number(process.env.SEED ?? 1);
  const random = randomFrom(seed);
  const originals = [...samples(), ...Array.from({ length: 200 }, () => randomValue(random))].map((value) =>
    Buffer.from(encode(value)),
  );
  for (let round = 0; round < MUTATION_COUNT; round++) {
    const bytes = Buffer.from(originals[round % originals.length]);
    for (let change = 1 + Math.floor(random() * 4); change > 0; change--) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    if (!decodesOrRefuses(t, bytes, `SEED=${seed} round ${round}`)) return;
  }
  t.pass();
});

test('random_bytes_give_a_value_or_the_one_error', (t) => {
  const seed = Number(process.env.SEED ?? 1);
  const random = randomFrom(seed);
  for (let round = 0; round < MUTATION_COUNT; round++) {
    const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 60) }, () =>
      Math.floor(random() * (round % 2 === 0 ? 256 : 300)),
    );
    bytes[0] = VERSION;
    if (round % 3 === 0) bytes[1] = 0xe0 + Math.floor(random() * 32);
    if (!decodesOrRefuses(t, bytes, `SEED=${seed} round ${round}`)) return;
  }
  t.pass();
});

const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f];

for (const tag of [
  'LATIN1',
  'UTF8',
  'UTF16',
  'OBJECT',
  'NULL_OBJECT',
  'ARRAY',
  'MAP',
  'SET',
  'BUFFER',
  'ARRAY_BUFFER',
]) {
  test(`a_huge_count_in_${tag}_is_refused_before_memory_is_set_aside`, (t) => {
    const before = process.memoryUsage().rss;
    t.throws(() => decode(Uint8Array.from([VERSION, TAGS[tag], ...HUGE, 0, 0])), { code: 'ERR_MULTIPROC_DESERIALIZE' });
    t.true(process.memoryUsage().rss - before < 64 * 1024 * 1024);
  });
}

test('a_huge_sparse_array_costs_no_memory', (t) => {
  const length30M = [0x80, 0x87, 0xa7, 0x0e];
  const before = process.memoryUsage().heapUsed;
  const array = decode(Uint8Array.from([VERSION, TAGS.ARRAY_TAIL, ...length30M, TAGS.END, 1, 5, 7]));
  t.is(array.length, 30000000);
  t.is(array[5], 7);
  t.true(process.memoryUsage().heapUsed - before < 16 * 1024 * 1024);
});

test('references_and_shapes_that_do_not_exist_are_refused', (t) => {
  for (const bytes of [
    [TAGS.REFERENCE, 0],
    [TAGS.REFERENCE, 200, 1],
    [0xc0, 1],
    [TAGS.SHAPE_LONG, 5, 1],
    [TAGS.SHAPE_DEFINE, 0, 0],
    [TAGS.SHAPE_DEFINE, 2, 2, 1, 65, 1, 1],
    [TAGS.HOLE],
    [TAGS.END],
    [TAGS.RUN_INT32, 0, 0, 0, 0],
    [TAGS.OTHER, 99],
    [TAGS.VIEW, 1, TAGS.NULL, 0, 0],
    [TAGS.VIEW, 60, TAGS.ARRAY_BUFFER, 0, 0, 0],
    [TAGS.VIEW, 6, TAGS.ARRAY_BUFFER, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
    [TAGS.ERROR, 30, 0x80, 0x80, 0],
    [TAGS.MULTIPROC, 0, 0, 0, 0],
  ]) {
    t.throws(() => decode(Uint8Array.from([VERSION, ...bytes])), { code: 'ERR_MULTIPROC_DESERIALIZE' }, String(bytes));
  }
});

for (const [name, opener] of [
  ['arrays', [TAGS.ARRAY, 1]],
  ['sets', [TAGS.SET, 1]],
  ['maps', [TAGS.MAP, 1, 0]],
  ['views', [TAGS.VIEW, 0]],
  ['boxes', [TAGS.OTHER, 0]],
  ['objects', [TAGS.OBJECT, 1, 0x80]],
  ['multiproc objects', [TAGS.MULTIPROC, 0, 0, 0]],
]) {
  test(`bytes_that_nest_${name}_very_deeply_are_refused`, (t) => {
    const bytes = Uint8Array.from([VERSION, ...Array.from({ length: 100000 }, () => opener).flat(), 0, 0, 0, 0]);
    t.throws(() => decode(bytes), { code: 'ERR_MULTIPROC_DESERIALIZE' });
  });
}

test('a_key_named_proto_from_hostile_bytes_sets_no_prototype', (t) => {
  const key = [...'__proto__'].map((c) => c.charCodeAt(0));
  const inner = [TAGS.SHAPE_DEFINE, 1, 2, 1, 'x'.charCodeAt(0), 1];
  for (const bytes of [
    [TAGS.OBJECT, 1, 0x80 | 9, ...key, ...inner],
    [TAGS.SHAPE_DEFINE, 1, 10, 9, ...key, ...inner],
    [TAGS.ARRAY_TAIL, 0, TAGS.END, 1, 0x80 | 9, ...key, ...inner],
    [TAGS.ERROR, 0, 0x80, 0x80, 1, 0x80 | 9, ...key, 1, ...inner],
  ]) {
    const value = decode(Uint8Array.from([VERSION, ...bytes]));
    t.true(Object.hasOwn(value, '__proto__'));
    t.is(value.x, undefined);
  }
});
