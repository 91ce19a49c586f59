'use strict';
// Random values from a seed: every kind, nested, with shared references and cycles. Either of what structuredClone
// carries in the same way, or of all that the codec carries.

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const CHARACTERS = ['a', 'b', 'Z', '0', ' ', '\n', '\0', 'é', 'ÿ', 'Ā', '漢', '😀', '\ud800', '\udc00'];
const KEYS = [
  'id',
  'name',
  'x',
  '',
  '0',
  '17',
  '999',
  '__proto__',
  'constructor',
  'toString',
  'é',
  '漢字',
  'length',
  'a b',
  'k'.repeat(70),
];
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  63,
  64,
  127,
  128,
  -64,
  -65,
  255,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  -(2 ** 31) - 1,
  2 ** 53,
  0.1,
  -1.5,
  1e300,
  5e-324,
  NaN,
  Infinity,
  -Infinity,
];
const ARRAYS = [
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
  ...(typeof Float16Array === 'function' ? [Float16Array] : []),
];
const Aggregate = function AggregateError(message) {
  return new globalThis.AggregateError([], message);
};
const ERRORS = [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError];

/**
 * @param {() => number} random
 * @param {{ beyond?: boolean }} [options] `beyond`: also what structuredClone does not carry, or differently
 */
function randomValue(random, { beyond = false } = {}) {
  const met = [];
  const integer = (below) => Math.floor(random() * below);
  const pick = (list) => list[integer(list.length)];
  const text = () =>
    Array.from({ length: random() < 0.1 ? integer(200) : integer(12) }, () => pick(CHARACTERS)).join('');
  const keep = (object) => {
    met.push(object);
    return object;
  };

  const leaves = [
    () => undefined,
    () => null,
    () => true,
    () => false,
    () => pick(NUMBERS),
    () => integer(1000),
    () => random() * 1e6,
    text,
    text,
    () => 'plain',
    () => BigInt(integer(1e9)) ** BigInt(integer(20)) * (random() < 0.5 ? 1n : -1n),
    () => keep(new Date(random() < 0.2 ? NaN : integer(2e12))),
    () => keep(new RegExp(pick(['a+', '[^/]', '漢', '\\/']), pick(['', 'g', 'giu']))),
    () => keep(Object(pick([1, -0, 'boxed', true, 5n]))),
    () => (met.length > 0 ? pick(met) : null),
    () => keep(new Uint8Array(Array.from({ length: integer(20) }, () => integer(256))).buffer),
    () => {
      const Type = pick(ARRAYS);
      return keep(new Type(new ArrayBuffer(64), 8 * integer(4), integer(4)));
    },
    () => keep(new DataView(pick(met.filter((one) => one instanceof ArrayBuffer).concat(new ArrayBuffer(8))), 0, 0)),
  ];
  const error = (depth, Class) => {
    const made = keep(new Class(text()));
    hide(made, 'stack', `${Class.name}: at ${text()}`);
    if (random() < 0.3) hide(made, 'cause', make(depth));
    return made;
  };
  const leavesBeyond = [
    () => keep(Buffer.from(text())),
    () => keep(new URL(`https://example.org/${encodeURIComponent(text().toWellFormed())}?q=${integer(9)}`)),
    () => keep(new URLSearchParams([['k', text().toWellFormed()]])),
    () => hide(keep(new DOMException('late', pick(['TimeoutError', 'AbortError', 'Mine']))), 'stack', 'somewhere'),
  ];
  const containersBeyond = [
    (depth) => fill(keep(Object.create(null)), depth),
    (depth) => {
      const made = error(depth, pick(ERRORS));
      for (let i = integer(4); i > 0; i--) put(made, pick(['code', 'rows', '7', 'é', 'path']), make(depth));
      if (random() < 0.2) hide(made, 'name', 'Mine');
      return made;
    },
    (depth) => {
      const made = error(depth, Aggregate);
      hide(made, 'errors', [make(depth), make(depth)]);
      return made;
    },
  ];
  const fill = (object, depth) => {
    for (let i = integer(6); i > 0; i--) put(object, random() < 0.9 ? pick(KEYS) : text(), make(depth));
    return object;
  };
  const containers = [
    (depth) => fill(keep({}), depth),
    (depth) => error(depth, pick(ERRORS)),
    () => {
      let outer = keep([]);
      for (let level = random() < 0.02 ? 1200 : integer(40); level > 0; level--) outer = keep({ outer });
      return outer;
    },
    (depth) => {
      const array = keep([]);
      for (let i = integer(8); i > 0; i--)
        if (random() < 0.9) array.push(make(depth));
        else array.length++;
      if (random() < 0.1) array.extra = make(depth);
      if (random() < 0.05) array[array.length + integer(5000)] = make(depth);
      return array;
    },
    () => keep(Array.from({ length: integer(150) }, () => (random() < 0.02 ? pick(NUMBERS) : integer(100)))),
    (depth) => {
      const map = keep(new Map());
      for (let i = integer(4); i > 0; i--) map.set(make(depth), make(depth));
      return map;
    },
    (depth) => {
      const set = keep(new Set());
      for (let i = integer(4); i > 0; i--) set.add(make(depth));
      return set;
    },
    (depth) => Array.from({ length: integer(30) }, (_, id) => keep({ id, name: text(), next: make(depth - 1) })),
  ];
  if (beyond) {
    leaves.push(...leavesBeyond);
    containers.push(...containersBeyond);
  }
  function make(depth) {
    return depth > 0 && random() < 0.7 ? pick(containers)(depth - 1) : pick(leaves)();
  }
  return make(4);
}

const hide = (object, key, value) =>
  Object.defineProperty(object, key, { value, writable: true, enumerable: false, configurable: true });
const put = (object, key, value) =>
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });

module.exports = { randomFrom, randomValue };
