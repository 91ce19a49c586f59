'use strict';
// The element types of shared values and arrays: our names, Python's letters, and the typed array classes.

const { invalidType, invalidValue, outOfRange } = require('../arguments');

/**
 * name, the class of a view, and for numbers the inclusive range; `atomic` is the class of an integer view of the same
 * width through which floats are exchanged.
 */
const TYPES = {
  i8: integer(Int8Array, -(2 ** 7), 2 ** 7 - 1),
  u8: integer(Uint8Array, 0, 2 ** 8 - 1),
  i16: integer(Int16Array, -(2 ** 15), 2 ** 15 - 1),
  u16: integer(Uint16Array, 0, 2 ** 16 - 1),
  i32: integer(Int32Array, -(2 ** 31), 2 ** 31 - 1),
  u32: integer(Uint32Array, 0, 2 ** 32 - 1),
  i64: integer(BigInt64Array, -(2n ** 63n), 2n ** 63n - 1n),
  u64: integer(BigUint64Array, 0n, 2n ** 64n - 1n),
  f32: { name: 'f32', View: Float32Array, Bits: Int32Array },
  f64: { name: 'f64', View: Float64Array, Bits: BigInt64Array },
  bool: { name: 'bool', View: Uint8Array, min: 0, max: 1 },
};
for (const [name, type] of Object.entries(TYPES)) type.name = name;

const ALIASES = {
  // The type codes of Python's array module, with the sizes that C has on 64-bit Linux.
  b: 'i8',
  B: 'u8',
  h: 'i16',
  H: 'u16',
  i: 'i32',
  I: 'u32',
  l: 'i64',
  L: 'u64',
  q: 'i64',
  Q: 'u64',
  f: 'f32',
  d: 'f64',
  '?': 'bool',
};

function integer(View, min, max) {
  return { View, min, max };
}

/**
 * The element that stands for a value, when that is one of the type's.
 *
 * @param {string} call what the user called, and `name`: what the value is called there
 * @returns {number | bigint}
 */
function toElement(call, name, value, { name: type, min, max }) {
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw invalidType(call, name, 'a boolean', value);
    return Number(value);
  }
  const wanted = typeof (min ?? 0);
  if (typeof value !== wanted) throw invalidType(call, name, `a ${wanted} (the type is ${type})`, value);
  if (min === undefined) return value;
  if (wanted === 'number' && !Number.isInteger(value)) throw outOfRange(call, name, 'an integer', value);
  if (value < min || value > max)
    throw outOfRange(call, name, `between ${min} and ${max} (the type is ${type})`, value);
  return value;
}

/** @returns {{ name: string, View: Function, min?: number | bigint, max?: number | bigint, Bits?: Function }} */
function elementType(call, type) {
  if (typeof type === 'function') {
    // By name: a typed array class of another realm is as good as ours.
    const found = Object.values(TYPES).find(({ name, View }) => name !== 'bool' && View.name === type.name);
    if (found !== undefined) return found;
  } else if (typeof type === 'string') {
    const name = Object.hasOwn(ALIASES, type) ? ALIASES[type] : type;
    if (Object.hasOwn(TYPES, name)) return TYPES[name];
  }
  const names = Object.keys(TYPES)
    .map((name) => `'${name}'`)
    .join(', ');
  throw invalidValue(call, 'type', `one of ${names}, one of Python's type codes, or a typed array class`, type);
}

module.exports = { elementType, toElement };
