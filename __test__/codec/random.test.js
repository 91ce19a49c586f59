'use strict';
// What structuredClone carries arrives as structuredClone would have made it. SEED=n replays one value.

const test = require('ava').default ?? require('ava');
const { inspect, types } = require('node:util');
const { encode, decode } = require('../../lib/codec');
const { randomFrom, randomValue } = require('./random-values');

const ROUND_COUNT = 5000;

// The same values at the same places, and the same object wherever the other has one object twice.
function difference(found, expected, path = 'value', pairs = new Map()) {
  if (typeof expected !== 'object' || expected === null) return Object.is(found, expected) ? null : path;
  if (typeof found !== 'object' || found === null) return path;
  if (pairs.has(expected) || pairs.has(found))
    return pairs.get(expected) === found && pairs.get(found) === expected ? null : `${path} (identity)`;
  pairs.set(expected, found).set(found, expected);
  if (Object.getPrototypeOf(found) !== Object.getPrototypeOf(expected)) return `${path} (prototype)`;
  const [foundParts, expectedParts] = [partsOf(found), partsOf(expected)];
  if (foundParts.length !== expectedParts.length) return `${path} (size)`;
  for (let i = 0; i < expectedParts.length; i++) {
    const where = difference(foundParts[i], expectedParts[i], `${path}/${i}`, pairs);
    if (where !== null) return where;
  }
  return null;
}

function partsOf(object) {
  if (object instanceof Map) return [...object].flat();
  if (object instanceof Set) return [...object];
  if (object instanceof Date) return [object.getTime()];
  if (object instanceof RegExp) return [object.source, object.flags, object.lastIndex];
  if (object instanceof ArrayBuffer) return [Buffer.from(object).toString('hex')];
  if (ArrayBuffer.isView(object)) return [object.byteOffset, object.length, object.buffer];
  if (types.isBoxedPrimitive(object)) return [object.valueOf()];
  return [Array.isArray(object) ? object.length : null, ...Object.keys(object).flatMap((key) => [key, object[key]])];
}

test('random_values_arrive_as_structured_clone_makes_them', (t) => {
  const first = process.env.SEED === undefined ? 1 : Number(process.env.SEED);
  const count = process.env.SEED === undefined ? ROUND_COUNT : 1;
  for (let seed = first; seed < first + count; seed++) {
    const value = randomValue(randomFrom(seed));
    const expected = structuredClone(value);
    let found;
    try {
      found = decode(encode(value));
    } catch (error) {
      t.fail(`SEED=${seed}: ${error.stack}`);
      return;
    }
    const where = difference(found, expected);
    if (where !== null) {
      t.fail(`SEED=${seed}: ${where}; ${inspect(found, { depth: 2 })} instead of ${inspect(expected, { depth: 2 })}`);
      return;
    }
  }
  t.pass();
});
