'use strict';
// Messages that no sender wrote, made of valid ones: what goes wrong in memory, and what somebody would write on purpose.

const { TAGS, OTHERS, VERSION } = require('../lib/codec/tags');

const SIZE_MAX = 64 * 1024;
const CHANGES_MAX = 5;
const TAG_VALUES = Object.values(TAGS);
const LENGTHS = [
  0x7f,
  0x80,
  0xff,
  0x4000,
  0xffff,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 60,
];

function varint(value) {
  const bytes = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

const join = (bytes, from, to, middle) =>
  Buffer.concat([bytes.subarray(0, from), Buffer.from(middle), bytes.subarray(to)]);

// Each takes the bytes, a function that gives integers below a bound, and the messages to borrow from.
const CHANGES = [
  function flipBit(bytes, below) {
    bytes[below(bytes.length)] ^= 1 << below(8);
    return bytes;
  },
  function setByte(bytes, below) {
    bytes[below(bytes.length)] = below(256);
    return bytes;
  },
  function setTag(bytes, below) {
    bytes[below(bytes.length)] = TAG_VALUES[below(TAG_VALUES.length)];
    return bytes;
  },
  function cut(bytes, below) {
    return bytes.subarray(0, 1 + below(bytes.length));
  },
  function remove(bytes, below) {
    const from = below(bytes.length);
    return join(bytes, from, from + 1 + below(16), []);
  },
  function insertNoise(bytes, below) {
    const at = below(bytes.length);
    return join(
      bytes,
      at,
      at,
      Array.from({ length: 1 + below(8) }, () => below(256)),
    );
  },
  function insertLength(bytes, below) {
    const at = below(bytes.length);
    return join(bytes, at, at + below(2), varint(LENGTHS[below(LENGTHS.length)]));
  },
  function insertCount(bytes, below) {
    // One that the bytes could nearly hold.
    const at = below(bytes.length);
    return join(bytes, at, at + below(3), [TAG_VALUES[below(TAG_VALUES.length)], ...varint(below(bytes.length))]);
  },
  function insertPlace(bytes, below) {
    const at = below(bytes.length);
    return join(bytes, at, at + below(2), [TAGS.OTHER, OTHERS.DEFERRED, TAG_VALUES[below(TAG_VALUES.length)]]);
  },
  function splice(bytes, below, messages) {
    const other = messages[below(messages.length)];
    const from = below(other.length);
    const at = below(bytes.length);
    return join(bytes, at, at + below(8), other.subarray(from, from + 1 + below(64)));
  },
  function repeat(bytes, below) {
    const from = below(bytes.length);
    const part = bytes.subarray(from, from + 1 + below(12));
    const count = Math.min(1 + below(below(4) === 0 ? 20000 : 50), Math.floor(SIZE_MAX / part.length));
    return join(bytes, from, from, Buffer.alloc(count * part.length, part));
  },
];

function noise(below) {
  const bytes = Buffer.from(Array.from({ length: 1 + below(80) }, () => below(256)));
  bytes[0] = VERSION;
  if (bytes.length > 1 && below(2) === 0) bytes[1] = TAG_VALUES[below(TAG_VALUES.length)];
  return bytes;
}

/**
 * @param {() => number} random
 * @param {Buffer[]} messages
 */
function mutated(random, messages) {
  const below = (bound) => Math.floor(random() * bound);
  if (below(12) === 0) return noise(below);
  let bytes = Buffer.from(messages[below(messages.length)]);
  for (let left = 1 + below(CHANGES_MAX); left > 0; left--) {
    bytes = CHANGES[below(CHANGES.length)](bytes, below, messages).subarray(0, SIZE_MAX);
    if (bytes.length === 0) return Buffer.from([VERSION]);
  }
  // Nothing would be learnt from a message whose first byte is wrong, except in a few.
  if (below(50) !== 0) bytes[0] = VERSION;
  return bytes;
}

module.exports = { mutated, varint };
