'use strict';
// Values of the language but binary data and errors; see scripts/values_table.js.

const { same, equal, ofClass, property, nothing } = require('./kept');

const each = (check) => (found, original) => original.every((value, i) => check(found[i], value));
const list = (name, values) => ({ name, make: () => values, keeps: { it: each(same) } });

class Point {
  x = 1;
  #hidden = 2;
  get y() {
    return this.#hidden;
  }
}
class List extends Array {}
class Dictionary extends Map {}

function deep(levels) {
  let value = 'inmost';
  for (let level = 0; level < levels; level++) value = { value };
  return value;
}

function depthOf(value) {
  let levels = 0;
  for (; typeof value === 'object'; value = value.value) levels++;
  return levels;
}

function shared() {
  const one = { one: 1 };
  return { a: one, b: [one] };
}

function cycle() {
  const value = { list: [], map: new Map() };
  value.list.push(value);
  value.map.set(value.map, value);
  return value;
}

const boxed = [1, 'text', true, 5n].map(Object);
const isBox = (found, original) => typeof found === 'object' && found.valueOf() === original.valueOf();
const entries = (found, original) => equal([...found], [...original]);

module.exports = [
  list('`undefined`, `null`, `true`, `false`', [undefined, null, true, false]),
  list('numbers, with `-0`, `NaN`, `Infinity`', [0, -0, NaN, Infinity, -Infinity, 1.5, 2 ** 53, 5e-324]),
  list('strings, with lone surrogates', ['', 'a', '漢', '\ud800', 'a\udc00'.repeat(100), '\0']),
  list('BigInt of any size', [0n, -1n, 2n ** 64n, -(7n ** 5000n)]),
  { name: 'boxed primitives, as in `Object(1)`', make: () => boxed, keeps: { it: each(isBox), class: each(ofClass) } },
  {
    name: 'plain object',
    make: () => ({ b: 1, a: undefined, 1: 'x', 漢: {} }),
    keeps: { 'the properties': equal, 'their order': (f, o) => equal(Object.keys(f), Object.keys(o)) },
  },
  {
    name: 'a key `__proto__`',
    make: () => JSON.parse('{"__proto__":{"polluted":1}}'),
    keeps: { it: property('__proto__'), 'the prototype': (found) => found.polluted === undefined },
  },
  {
    name: 'object with a getter, a symbol as key, a property that is not enumerable',
    make: () =>
      Object.defineProperty(
        {
          get getter() {
            return 1;
          },
          [Symbol.for('key')]: 2,
        },
        'hidden',
        { value: 3, enumerable: false },
      ),
    keeps: {
      'the value of the getter': property('getter'),
      'the getter': (found) => Object.getOwnPropertyDescriptor(found, 'getter').get !== undefined,
      'the symbol': property(Symbol.for('key')),
      'the hidden property': property('hidden'),
    },
  },
  {
    name: 'object without a prototype',
    make: () => Object.assign(Object.create(null), { a: 1 }),
    keeps: { 'the properties': property('a'), 'that it has none': ofClass },
  },
  {
    name: 'instance of a class',
    make: () => new Point(),
    keeps: { 'own properties': property('x'), 'the class': ofClass, 'private fields': (found) => found.y === 2 },
  },
  {
    name: '`arguments`',
    make() {
      return arguments;
    },
    keeps: { it: (found) => typeof found === 'object' },
  },
  {
    name: 'array with holes and properties of its own',
    make: () => Object.assign([1, , undefined], { extra: [1] }),
    keeps: { 'the elements': equal, 'the holes': (found) => !(1 in found), 'the properties': property('extra') },
  },
  {
    name: 'array of 2³² − 1 elements of which one is there',
    make: () => Object.assign([], { 4294967294: 'last' }),
    keeps: { it: property('4294967294'), 'the length': (found) => found.length === 4294967295 },
  },
  {
    name: 'instance of a class that extends `Array`',
    make: () => List.of(1, 2),
    keeps: { 'the elements': (found, original) => equal([...found], [...original]), 'the class': ofClass },
  },
  {
    name: 'the same object twice',
    make: shared,
    keeps: { it: equal, identity: (found) => found.a === found.b[0] },
  },
  {
    name: 'cycles',
    make: cycle,
    keeps: { it: (found) => found.list[0] === found && found.map.get(found.map) === found },
  },
  { name: '1,000 levels of nesting', make: () => deep(1000), keeps: { it: (found) => depthOf(found) === 1000 } },
  {
    name: '100,000 levels of nesting',
    make: () => deep(100_000),
    keeps: { it: (found) => depthOf(found) === 100_000 },
  },
  {
    name: '100,000 properties',
    make: () => Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key ${i}`, i])),
    keeps: { it: (found) => Object.keys(found).length === 100_000 && found['key 99999'] === 99_999 },
  },
  {
    name: '`Map`, with any key',
    make: () => {
      const key = {};
      return Object.assign(new Map([['b', 1]].concat([[key, key]], [[NaN, 2]])), { own: 1 });
    },
    keeps: {
      'the entries': entries,
      identity: (found) => [...found.keys()][1] === [...found.values()][1],
      'own properties': property('own'),
    },
  },
  {
    name: '`Set`',
    make: () => Object.assign(new Set([2, 'a', { b: 1 }]), { own: 1 }),
    keeps: { 'the values': entries, 'own properties': property('own') },
  },
  {
    name: 'instance of a class that extends `Map`',
    make: () => new Dictionary([[1, 2]]),
    keeps: { 'the entries': entries, 'the class': ofClass },
  },
  {
    name: '`Date`, invalid ones too',
    make: () => [new Date(1234567890123), new Date(NaN)],
    keeps: { it: each((found, original) => ofClass(found, original) && same(found.getTime(), original.getTime())) },
  },
  {
    name: '`RegExp`',
    make: () => Object.assign(/a(?<n>b)\/[漢]/dgimsuy, { lastIndex: 3 }),
    keeps: {
      it: (found, original) => ofClass(found, original) && String(found) === String(original),
      lastIndex: (found) => found.lastIndex === 3,
    },
  },
  {
    name: 'Proxy of a plain object or an array',
    make: () => [new Proxy({ a: 1 }, {}), new Proxy([1, 2], {})],
    keeps: { 'what it shows': each(equal), 'the Proxy': (found, original) => found[0] === original[0] },
  },
  nothing(
    'Proxy of a `Map`, a `Date` or another object that keeps its data inside',
    () => new Proxy(new Map([[1, 2]]), {}),
  ),
  nothing('function', () => () => {}),
  nothing('class', () => Point),
  nothing('symbol', () => Symbol.for('s')),
  nothing('boxed symbol', () => Object(Symbol.for('s'))),
  nothing('`Promise`', () => Promise.resolve(1)),
  nothing('`WeakMap`', () => new WeakMap()),
  nothing('`WeakSet`', () => new WeakSet()),
  nothing('`WeakRef`', () => new WeakRef({})),
  nothing('`FinalizationRegistry`', () => new FinalizationRegistry(() => {})),
  nothing('generator', () => (function* generate() {})()),
  nothing('asynchronous generator', () => (async function* generate() {})()),
  nothing('iterator of an array', () => [1].values()),
  nothing('iterator of a `Map`', () => new Map([[1, 2]]).entries()),
  nothing('`Intl.NumberFormat`', () => new Intl.NumberFormat(), {
    varies: ['lost without a word, or refused', 'refused'],
  }),
  nothing('getter that throws', () => ({
    get a() {
      throw new Error('no');
    },
  })),
];
