'use strict';
// Value by value: what docs/values.md promises.

const test = require('ava').default ?? require('ava');
const vm = require('node:vm');
const { types } = require('node:util');
const { encode, decode } = require('../../lib/codec');

const travel = (value) => decode(Buffer.from(encode(value)));

const PRIMITIVES = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  NaN,
  Infinity,
  -Infinity,
  1,
  -1,
  127,
  128,
  -2147483648,
  2147483647,
  4294967295,
  1e21,
  5e-324,
  '',
  'a',
  'plain text',
  'é'.repeat(63),
  'ÿ'.repeat(64),
  'x'.repeat(64),
  '漢字',
  '漢字'.repeat(5000),
  '😀',
  '\ud800',
  'a\udc00b'.repeat(50),
  '\0',
  'x'.repeat(1e6),
  0n,
  -1n,
  2n ** 63n - 1n,
  2n ** 63n,
  -(2n ** 63n),
  -(2n ** 63n) - 1n,
  7n ** 5000n,
  -(7n ** 5000n),
];

test('primitives_arrive_exactly', (t) => {
  for (const value of PRIMITIVES) {
    t.true(Object.is(travel(value), value), String(value).slice(0, 40));
    t.true(Object.is(travel({ value }).value, value));
    t.true(Object.is(travel([value])[0], value));
  }
});

test('strings_of_every_length_near_a_boundary_arrive', (t) => {
  for (const unit of ['a', 'é', '漢', '\udc00']) {
    for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 62, 63, 64, 65, 127, 128, 129, 16000, 16384, 20000])
      t.is(travel(unit.repeat(length)), unit.repeat(length));
  }
});

test('dates_arrive_and_invalid_ones_stay_invalid', (t) => {
  t.deepEqual(travel(new Date(1234567890123)), new Date(1234567890123));
  t.true(Number.isNaN(travel(new Date(NaN)).getTime()));
});

test('a_regexp_arrives_with_flags_and_starts_at_zero', (t) => {
  const regexp = /a(?<n>b)\/[漢]/dgimsuy;
  regexp.lastIndex = 3;
  const found = travel(regexp);
  t.is(String(found), String(regexp));
  t.is(found.lastIndex, 0);
});

test('a_regexp_is_read_past_its_properties', (t) => {
  const bare = Object.setPrototypeOf(/a\/b/giv, null);
  t.is(String(travel(bare)), '/a\\/b/giv');
  const misleading = Object.defineProperties(/x/y, {
    source: { value: '(' },
    flags: { value: 'q' },
    global: { value: 1 },
  });
  t.is(String(travel(misleading)), '/x/y');
});

test('maps_and_sets_keep_order_and_any_key', (t) => {
  const key = { k: 1 };
  const found = travel(
    new Map([
      [NaN, 1],
      [key, key],
      ['x', new Set([1, '1', -0, undefined])],
    ]),
  );
  t.is(found.get(NaN), 1);
  const [, [foundKey, foundValue]] = [...found];
  t.is(foundKey, foundValue);
  t.deepEqual([...found.get('x')], [1, '1', 0, undefined]);
});

test('boxed_primitives_stay_boxed', (t) => {
  for (const value of [1, -0, 'text', true, false, 5n]) {
    const found = travel(Object(value));
    t.is(typeof found, 'object');
    t.true(Object.is(found.valueOf(), value));
  }
});

test('urls_and_their_parameters_arrive_as_such', (t) => {
  const found = travel([new URL('https://user@a.example:8080/p?q=1#h'), new URLSearchParams('a=1&a=2')]);
  t.true(found[0] instanceof URL);
  t.is(found[0].href, 'https://user@a.example:8080/p?q=1#h');
  t.true(found[1] instanceof URLSearchParams);
  t.deepEqual(found[1].getAll('a'), ['1', '2']);
});

test('class_instances_arrive_as_plain_objects_of_their_own_properties', (t) => {
  class Point {
    #secret = 1;
    x = 1;
    get y() {
      return this.#secret;
    }
    static z = 1;
  }
  const found = travel(new Point());
  t.is(Object.getPrototypeOf(found), Object.prototype);
  t.deepEqual(found, { x: 1 });
});

test('objects_without_a_prototype_stay_without', (t) => {
  const value = Object.assign(Object.create(null), { a: 1, toString: 'x' });
  value.__proto__ = { polluted: true }; // eslint-disable-line no-proto
  const found = travel(value);
  t.is(Object.getPrototypeOf(found), null);
  t.deepEqual(Object.keys(found), ['a', 'toString', '__proto__']);
});

test('a_key_named_proto_is_an_own_property_and_sets_no_prototype', (t) => {
  for (const text of [
    '{"__proto__":{"polluted":1},"a":2}',
    `{"__proto__":{"polluted":1},"漢":2}`,
    '{"constructor":1,"toString":2,"__proto__":null}',
  ]) {
    const found = travel(JSON.parse(text));
    t.is(Object.getPrototypeOf(found), Object.prototype);
    t.is(JSON.stringify(found), text);
    t.is(found.polluted, undefined);
  }
});

test('getters_are_read_once_and_symbols_and_hidden_properties_stay_behind', (t) => {
  let reads = 0;
  const value = {
    get a() {
      return ++reads;
    },
    [Symbol('s')]: 1,
  };
  Object.defineProperty(value, 'hidden', { value: 1, enumerable: false });
  t.deepEqual(travel(value), { a: 1 });
  const array = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  Object.defineProperty(array, 3, { get: () => ++reads, enumerable: true });
  t.is(travel(array)[3], 2);
  t.is(reads, 2);
});

test('a_property_that_an_earlier_getter_deletes_is_left_out', (t) => {
  const value = {
    get a() {
      delete value.b;
      return 1;
    },
    b: 2,
    c: undefined,
  };
  t.deepEqual(Object.keys(travel(value)), ['a', 'c']);
});

test('objects_with_very_many_or_very_long_keys_arrive', (t) => {
  for (const count of [31, 32, 33, 1000]) {
    const value = Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, i]));
    t.deepEqual(travel([value, value, { ...value }]), [value, value, value]);
  }
  t.deepEqual(travel({ ['k'.repeat(300)]: 1, ['漢'.repeat(10)]: 2 }), { ['k'.repeat(300)]: 1, ['漢'.repeat(10)]: 2 });
});

test('more_shapes_than_any_table_holds_arrive', (t) => {
  const value = Array.from({ length: 3000 }, (_, i) => ({
    [`k${i % 1500}`]: i,
    [`m${i % 7}`]: { [`n${i % 900}`]: i },
  }));
  t.deepEqual(travel(value), value);
  t.deepEqual(travel(value), value);
});

test('holes_stay_holes_in_dense_and_in_sparse_arrays', (t) => {
  // eslint-disable-next-line no-sparse-arrays
  const found = travel([1, , undefined, , 5, ,]);
  t.is(found.length, 6);
  t.deepEqual(Object.keys(found), ['0', '2', '4']);
  const far = [1, 2, 3];
  far[4294967294] = 'last';
  far[70000] = undefined;
  const foundFar = travel(far);
  t.is(foundFar.length, 4294967295);
  t.deepEqual(Object.keys(foundFar), ['0', '1', '2', '70000', '4294967294']);
  t.is(travel(new Array(1e6)).length, 1e6);
  t.true(encode(new Array(1e6)).length < 20);
});

test('arrays_of_numbers_arrive_exactly', (t) => {
  const lists = [
    [],
    [1],
    [1, 2, 3, 4, 5, 6, 7],
    [1, 2, 3, 4, 5, 6, 7, 8],
    Array.from({ length: 1000 }, (_, i) => i - 500),
    Array.from({ length: 1000 }, (_, i) => (i < 500 ? i : i / 7)),
    [1, 2, 3, 4, 5, 6, 7, -0, NaN, Infinity],
    [1, 2, 3, 4, 5, 6, 7, 8, 'x', 9, 10],
    Array.from({ length: 100000 }, (_, i) => i * 1.5),
    [0.5, 1, 2, 3, 4, 5, 6, 7, null],
    [1, 2, 3, 4, 5, 6, 7, 2 ** 31],
  ];
  for (const list of lists) {
    const found = travel(list);
    t.is(found.length, list.length);
    t.true(list.every((value, i) => Object.is(value, found[i])));
  }
});

test('properties_of_arrays_arrive_whatever_the_length', (t) => {
  for (const length of [0, 3, 90, 91, 5000]) {
    const value = Object.assign(
      Array.from({ length }, (_, i) => i),
      { index: 3, groups: undefined, 漢: [1] },
    );
    const found = travel(value);
    t.deepEqual(Object.entries(found), Object.entries(value));
    t.is(found.length, length);
  }
  // eslint-disable-next-line no-sparse-arrays
  const holeAndProperty = Object.assign([1, , 3], { extra: 1 });
  t.deepEqual(Object.entries(travel(holeAndProperty)), Object.entries(holeAndProperty));
  const holesAtTheEnd = Object.assign([1, 2], { extra: 1 });
  holesAtTheEnd.length = 5;
  t.is(travel(holesAtTheEnd).length, 5);
  const match = /b(c)/.exec('abcd');
  t.deepEqual(Object.entries(travel(match)), Object.entries(match));
});

test('shared_references_and_cycles_arrive_as_such', (t) => {
  const value = { list: [], map: new Map(), set: new Set(), error: new Error('e'), date: new Date(0) };
  value.self = value;
  value.list.push(value.list, value, value.date);
  value.map.set(value.map, value.set);
  value.set.add(value.set).add(value.map);
  value.error.cause = value.error;
  const found = travel(value);
  t.is(found.self, found);
  t.is(found.list[0], found.list);
  t.is(found.list[2], found.date);
  t.is(found.map.get(found.map), found.set);
  t.true(found.set.has(found.set) && found.set.has(found.map));
  t.is(found.error.cause, found.error);
});

test('many_shared_references_arrive_as_such', (t) => {
  for (const count of [5, 15, 16, 17, 18, 1000]) {
    const objects = Array.from({ length: count }, (_, i) => ({ i }));
    const found = travel([...objects, ...objects]);
    for (let i = 0; i < count; i++) t.is(found[i], found[i + count]);
    t.is(new Set(found).size, count);
  }
});

test('objects_of_another_realm_arrive_as_those_of_this_one', (t) => {
  const found = travel(
    vm.runInNewContext(
      '({ o: { a: 1 }, l: [1, 2], m: new Map([[1, new Set([2])]]), d: new Date(5), r: /x/g, e: new TypeError("t"), u: new Uint8Array([1]) })',
    ),
  );
  t.is(Object.getPrototypeOf(found.o), Object.prototype);
  t.deepEqual([found.o, found.l, found.d, found.u], [{ a: 1 }, [1, 2], new Date(5), new Uint8Array([1])]);
  t.true(found.m.get(1).has(2) && found.r instanceof RegExp && found.e instanceof TypeError);
});

test('a_harmless_proxy_arrives_as_what_it_shows', (t) => {
  t.deepEqual(travel([new Proxy({ a: 1 }, {}), new Proxy([1, 2], {})]), [{ a: 1 }, [1, 2]]);
});

test('the_arguments_object_and_a_bare_object_of_a_builtin_prototype_are_plain_objects', (t) => {
  t.deepEqual(
    travel(
      (function list() {
        return arguments;
      })(1, 2),
    ),
    { 0: 1, 1: 2 },
  );
  t.false(types.isDate(travel(Object.create(Date.prototype))));
});

test('the_bytes_of_a_huge_message_are_its_own', (t) => {
  const bytes = encode('x'.repeat(5e6));
  encode({ a: 'y'.repeat(1000) });
  t.is(decode(bytes).length, 5e6);
});

test('a_plain_uint8array_at_an_odd_offset_decodes', (t) => {
  const value = [1.5, 'text', Array.from({ length: 20 }, (_, i) => i / 3), 10n, new Float64Array([1, 2])];
  const bytes = encode(value);
  const moved = new Uint8Array(bytes.length + 3);
  moved.set(bytes, 3);
  t.deepEqual(decode(moved.subarray(3)), value);
});
