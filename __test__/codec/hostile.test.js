'use strict';
// Bytes that no encode() made give a value or ERR_MULTIPROC_DESERIALIZE: no other error, no hang, no memory out of
// proportion. SEED=n replays the mutations.

const test = require('ava').default ?? require('ava');
const { encode, decode } = require('../../lib/codec');
const { TAGS, VERSION } = require('../../lib/codec/tags');
const { context, corpus, sampleValues } = require('../../fuzz/corpus');
const { messageOf, tryMessage } = require('../../fuzz/round');

const ROUND_COUNT = 20000;

test('a_message_cut_at_any_length_is_refused', (t) => {
  for (const value of sampleValues()) {
    const bytes = Buffer.from(encode(value, { context }));
    for (let length = 0; length < bytes.length; length++) {
      t.throws(() => decode(bytes.subarray(0, length), { context }), { code: 'ERR_MULTIPROC_DESERIALIZE' });
    }
  }
});

test('bytes_after_the_value_are_refused', (t) => {
  t.throws(() => decode(Buffer.concat([encode({ a: 1 }), Buffer.from([0])])), { code: 'ERR_MULTIPROC_DESERIALIZE' });
});

test('messages_of_the_fuzzer_give_a_value_or_the_one_error', (t) => {
  const seed = Number(process.env.SEED ?? 1);
  const messages = corpus(seed);
  const kinds = new Set();
  for (let round = 0; round < ROUND_COUNT; round++) {
    const bytes = messageOf(seed, round, messages);
    const { kind, finding } = tryMessage(bytes);
    kinds.add(kind);
    if (finding !== null) return t.fail(`SEED=${seed} round ${round}: ${finding} for ${bytes.toString('hex')}`);
  }
  t.true(kinds.has('value') && kinds.size > 20, [...kinds].join());
});

test('the_same_seed_and_round_give_the_same_bytes', (t) => {
  for (const round of [0, 7, 1000]) t.deepEqual(messageOf(3, round, corpus(3)), messageOf(3, round, corpus(3)));
  t.notDeepEqual(messageOf(3, 7, corpus(3)), messageOf(4, 7, corpus(4)));
});

test('the_fuzzer_finds_other_errors_and_too_much_memory', (t) => {
  const bytes = Buffer.from(encode([1]));
  const throwing = (error) => () => {
    throw error;
  };
  t.regex(tryMessage(bytes, throwing(new TypeError('odd'))).finding, /threw TypeError: odd/);
  t.regex(tryMessage(bytes, throwing(undefined)).finding, /threw/);
  t.regex(tryMessage(bytes, () => [Buffer.alloc(8e6), Symbol('s')]).finding, /took \d+ bytes of memory/);
  t.regex(tryMessage(bytes, () => Symbol('s')).finding, /cannot be sent on/);
  t.deepEqual(tryMessage(bytes).finding, null);
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

const grown = (run) => {
  const before = process.memoryUsage().heapUsed;
  run();
  return process.memoryUsage().heapUsed - before;
};

test('arrays_in_arrays_that_each_claim_all_bytes_are_refused', (t) => {
  const claims = Buffer.alloc(900 * 4, Buffer.from([TAGS.ARRAY, 0xa0, 0x9c, 0x01])); // 20,000 each
  const bytes = Buffer.concat([Buffer.from([VERSION]), claims, Buffer.alloc(22000)]);
  const growth = grown(() => t.throws(() => decode(bytes), { code: 'ERR_MULTIPROC_DESERIALIZE', message: /a count/ }));
  t.true(growth < 16 * 1024 * 1024);
});

test('a_far_index_in_every_object_costs_no_memory', (t) => {
  const count = [0x90, 0x4e]; // 10,000
  const key = [0x84, ...Buffer.from('1000')];
  const repeated = (first, next) => [first, ...Array.from({ length: 9999 }, () => next)].flat();
  const object = [TAGS.OBJECT, 1, ...key, 7];
  const error = [TAGS.ERROR, 0, 0x80, 0x80, 1, ...key, 1, 7];
  for (const items of [
    repeated(object, object),
    repeated(error, error),
    repeated([TAGS.SHAPE_DEFINE, 1, 5, 4, ...Buffer.from('1000'), 7], [0xc0, 7]),
  ]) {
    let found;
    const growth = grown(() => {
      found = decode(Uint8Array.from([VERSION, TAGS.ARRAY, ...count, ...items]));
    });
    t.true(growth < 40 * 1024 * 1024, String(growth)); // 120 MB when room for 1,000 elements is made
    t.deepEqual(Object.getOwnPropertyDescriptor(found[9999], '1000'), {
      value: 7,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
});

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
