'use strict';
// Values nested deeper than any stack: contents that follow the value (lib/codec/deferred.js).

const test = require('ava').default ?? require('ava');
const { encode, decode } = require('../../lib/codec');
const { TAGS, OTHERS, VERSION, DEPTH_DEFERRED } = require('../../lib/codec/tags');

const LEVELS = 100_000;
const travel = (value, options) => decode(Buffer.from(encode(value, options)), options);

const KINDS = {
  objects: [(inner) => ({ n: inner }), (outer) => outer.n],
  'objects without a prototype': [(inner) => Object.assign(Object.create(null), { n: inner }), (outer) => outer.n],
  arrays: [(inner) => [inner], (outer) => outer[0]],
  'sparse arrays': [(inner) => Object.assign([], { 5000: inner }), (outer) => outer[5000]],
  'map values': [(inner) => new Map([[1, inner]]), (outer) => outer.get(1)],
  'map keys': [(inner) => new Map([[inner, 1]]), (outer) => outer.keys().next().value],
  sets: [(inner) => new Set([inner]), (outer) => outer.values().next().value],
  causes: [(cause) => Object.assign(new TypeError('x'), { cause, stack: 's' }), (outer) => outer.cause],
};

for (const [name, [wrap, unwrap]] of Object.entries(KINDS)) {
  test(`${name}_nested_${LEVELS}_levels_deep_arrive`.replaceAll(' ', '_'), (t) => {
    const inmost = [new Date(0), /x/g, 7n, new Uint8Array(3), 'text'];
    let value = inmost;
    for (let level = 0; level < LEVELS; level++) value = wrap(value);
    let found = travel(value);
    const prototype = Object.getPrototypeOf(value);
    let wrong = 0;
    for (let level = 0; level < LEVELS; level++) {
      if (Object.getPrototypeOf(found) !== prototype) wrong++;
      found = unwrap(found);
    }
    t.is(wrong, 0);
    t.deepEqual(found, inmost);
  });
}

test('every_kind_arrives_at_every_depth_around_the_limit', (t) => {
  const shared = { shared: true };
  const inner = () => {
    const value = {
      list: [1, , 3, shared],
      numbers: Array.from({ length: 20 }, (_, i) => i),
      map: new Map([[shared, new Set([shared])]]),
      bare: Object.assign(Object.create(null), { shared }),
      error: new RangeError('r', {
        cause: new AggregateError([shared, new DOMException('late', 'TimeoutError')], 'a'),
      }),
      view: new Uint16Array([1, 2]),
      buffer: Buffer.from('bytes'),
      date: new Date(5),
      boxed: Object(1n),
      rows: [
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
      ],
    };
    value.self = value;
    return value;
  };
  for (let depth = DEPTH_DEFERRED - 6; depth < DEPTH_DEFERRED + 4; depth++) {
    let value = inner();
    for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
    let found = travel([value, shared]);
    const [, again] = found;
    found = found[0];
    for (let level = depth - 1; level >= 0; level--) found = level % 2 === 0 ? found[0] : found.value;
    t.is(found.self, found);
    t.deepEqual(found, inner());
    t.is(found.error.cause.errors[1].name, 'TimeoutError');
    for (const one of [found.list[3], [...found.map.keys()][0], found.bare.shared, found.error.cause.errors[0]]) {
      t.is(one, again);
    }
  }
});

test('what_cannot_travel_deep_down_is_named_by_its_whole_path', (t) => {
  for (const depth of [DEPTH_DEFERRED + 10, 3 * DEPTH_DEFERRED + 10]) {
    let value = { callback() {} };
    for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { n: value };
    const error = t.throws(() => encode({ first: [{}, value] }, { root: 'args' }), { code: 'ERR_MULTIPROC_SERIALIZE' });
    const hidden = depth + 3 - 24;
    t.is(error.path, `args.first[1]${'.n[0]'.repeat(5)}…(${hidden} steps)…${'[0].n'.repeat(5)}[0].callback`);
  }
  t.deepEqual(travel([1]), [1]);
});

class Handle {
  constructor(extra) {
    this.extra = extra;
  }
}
const context = {
  describe: (object) => (object instanceof Handle ? { kind: 1, index: 2, generation: 3, extra: object.extra } : null),
  revive: (_kind, _index, _generation, extra) => {
    if (extra.list?.length !== 1) throw new TypeError('revived before its description was complete');
    return new Handle(extra);
  },
};

test('a_multiproc_object_is_revived_with_its_whole_description_at_any_depth', (t) => {
  for (const depth of [DEPTH_DEFERRED - 2, DEPTH_DEFERRED - 1, DEPTH_DEFERRED, 2500]) {
    const handle = new Handle({ list: [{ a: 1 }] });
    let value = [handle, handle];
    for (let level = 0; level < depth; level++) value = { value };
    let found = travel(value, { context });
    while (!Array.isArray(found)) found = found.value;
    t.is(found[0], found[1]);
    t.deepEqual(found[0].extra, { list: [{ a: 1 }] });
  }
});

test('a_description_is_bounded_in_depth', (t) => {
  let extra = 1;
  for (let level = 0; level < 2000; level++) extra = { extra };
  t.throws(() => encode(new Handle(extra), { context }), {
    code: 'ERR_MULTIPROC_SERIALIZE',
    message: /nested more than 1000 levels/,
  });
});

test('contents_that_do_not_match_their_object_are_refused', (t) => {
  const place = (kind) => [TAGS.OTHER, OTHERS.DEFERRED, kind];
  const empty = { OBJECT: [TAGS.OBJECT, 0], NULL_OBJECT: [TAGS.NULL_OBJECT, 0], ARRAY: [TAGS.ARRAY, 0] };
  Object.assign(empty, { MAP: [TAGS.MAP, 0], SET: [TAGS.SET, 0] });
  for (const kind of Object.keys(empty)) {
    for (const [name, contents] of Object.entries(empty)) {
      const bytes = Uint8Array.from([VERSION, ...place(TAGS[kind]), ...contents]);
      if (name === kind) t.notThrows(() => decode(bytes));
      else t.throws(() => decode(bytes), { code: 'ERR_MULTIPROC_DESERIALIZE' });
    }
  }
  for (const bytes of [
    place(TAGS.DATE),
    place(TAGS.OBJECT),
    [...place(TAGS.OBJECT), 5],
    [...place(TAGS.OBJECT), TAGS.REFERENCE, 0],
    [...place(TAGS.OBJECT), TAGS.OBJECT, 0, TAGS.OBJECT, 0],
    [TAGS.MULTIPROC, 0, 0, 0, ...place(TAGS.OBJECT), TAGS.OBJECT, 0],
  ]) {
    t.throws(() => decode(Uint8Array.from([VERSION, ...bytes]), { context }), { code: 'ERR_MULTIPROC_DESERIALIZE' });
  }
});
