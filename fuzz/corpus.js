'use strict';
// Valid messages to start from: one of every kind of value, and random ones. Stacks are fixed, so that a seed gives
// the same bytes everywhere.

const { encode } = require('../lib/codec');
const { randomFrom, randomValue } = require('./values');

const RANDOM_COUNT = 300;
const SIZE_MAX = 16 * 1024;

/** Stands for an object of multiproc. */
class Handle {
  constructor(index, extra) {
    this.index = index;
    this.extra = extra;
  }
}
const context = {
  describe: (object) =>
    object instanceof Handle ? { kind: 7, index: object.index, generation: 3, extra: object.extra } : null,
  revive: (_kind, index, _generation, extra) => new Handle(index, extra),
};

function sampleValues() {
  const shared = { id: 1, name: 'shared', list: [1, 2, 3] };
  const sparse = [1, 2];
  sparse[5000] = 'far';
  sparse.extra = shared;
  const inner = new AggregateError([new Error('inner')], 'many');
  const error = Object.assign(new RangeError('outer', { cause: inner }), { code: 'E', 999: 1 });
  for (const one of [error, inner, inner.errors[0]]) one.stack = `${one.name}: somewhere`;
  const late = new DOMException('late', 'TimeoutError');
  Object.defineProperty(late, 'stack', { value: 'late' });
  let deep = { shared };
  for (let level = 0; level < 1100; level++) deep = level % 2 === 0 ? [deep] : { deep };
  return [
    { shared, again: shared, rows: Array.from({ length: 5 }, (_, id) => ({ id, text: `row ${id}` })) },
    [Array.from({ length: 40 }, (_, i) => i), Array.from({ length: 40 }, (_, i) => i / 3), sparse],
    new Map([
      ['key', new Set([1n, -(2n ** 100n)])],
      [shared, /x+/g],
    ]),
    [new Date(0), new URL('http://a.example/?q=1'), new URLSearchParams('a=b'), Object('boxed'), Buffer.from('bytes')],
    [new Float64Array([1, 2, 3]), new DataView(new ArrayBuffer(9), 1, 3), new Uint16Array(4), { 0: 1, 999: 2 }],
    error,
    late,
    Object.assign(Object.create(null), { a: '漢字'.repeat(40), b: 'é'.repeat(80), c: '\ud800' }),
    deep,
    [new Handle(5, { list: [shared] }), { handle: new Handle(6, new Map([[1, shared]])) }],
  ];
}

/** @returns {Buffer[]} */
function corpus(seed) {
  const random = randomFrom(seed);
  const values = [
    ...sampleValues(),
    ...Array.from({ length: RANDOM_COUNT }, () => randomValue(random, { beyond: true })),
  ];
  return values.map((value) => Buffer.from(encode(value, { context }))).filter((bytes) => bytes.length <= SIZE_MAX);
}

module.exports = { context, corpus, sampleValues };
