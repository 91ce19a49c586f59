'use strict';
// Key lists of plain objects, written once a message and named by number afterwards. Both sides.
//
// Each side keeps a small table of lists it saw lately, across messages: the sender finds the ready-made bytes of a
// list, the receiver the ready-made strings of some bytes. The tables are lossy and direct-mapped; a miss costs
// time, never correctness: the sender then defines the same list twice in a message. Their size is bounded, whatever is sent.

const { TAGS, SHAPE, SHAPE_COUNT_SHORT, SHAPE_KEYS_MAX, SHAPE_BYTES_MAX } = require('./tags');

const { SHAPE_DEFINE, SHAPE_LONG } = TAGS;
const SLOT_COUNT = 512;
const { latin1Slice } = Buffer.prototype;

class SenderShape {
  constructor(keys, byteCount) {
    this.keys = keys;
    this.byteCount = byteCount;
    this.bytes = encodeKeys(keys, byteCount); // null: not Latin-1, so never a shape
    this.message = 0; // in which message `number` holds
    this.number = 0;
  }
}

const sent = new Array(SLOT_COUNT).fill(null);
let latest = new SenderShape([], 0);

/** @returns {SenderShape | null} null: write the object key by key */
function shapeOf(keys) {
  const count = keys.length;
  if (count === 0 || count > SHAPE_KEYS_MAX) return null;
  // Rows of a list: the same keys as the object before.
  if (sameKeys(latest.keys, keys, count)) return latest;
  let hash = count;
  let byteCount = count;
  for (let i = 0; i < count; i++) {
    const length = keys[i].length;
    byteCount += length;
    hash = (Math.imul(hash, 31) + length) | 0;
  }
  if (byteCount > SHAPE_BYTES_MAX) return null;
  const first = keys[0];
  const last = keys[count - 1];
  if (first.length !== 0 && last.length !== 0) hash += first.charCodeAt(0) * 7 + last.charCodeAt(last.length - 1) * 13;
  const slot = hash & (SLOT_COUNT - 1);
  let shape = sent[slot];
  if (shape === null || !sameKeys(shape.keys, keys, count)) {
    shape = new SenderShape(keys, byteCount);
    sent[slot] = shape;
  }
  if (shape.bytes === null) return null;
  latest = shape;
  return shape;
}

function sameKeys(known, keys, count) {
  if (known.length !== count) return false;
  for (let i = 0; i < count; i++) if (known[i] !== keys[i]) return false;
  return true;
}

function encodeKeys(keys, byteCount) {
  const bytes = new Uint8Array(byteCount);
  let pos = 0;
  for (const key of keys) {
    bytes[pos++] = key.length;
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      if (unit > 0xff) return null;
      bytes[pos++] = unit;
    }
  }
  return bytes;
}

/** Writes the head of an object of this shape; its values follow. */
function writeShape(encoder, shape) {
  if (shape.message === encoder.message) {
    const { number } = shape;
    if (number < SHAPE_COUNT_SHORT) {
      encoder.byte(SHAPE | number);
    } else {
      encoder.bytes[encoder.pos++] = SHAPE_LONG;
      encoder.varint(number);
    }
    return;
  }
  shape.message = encoder.message;
  shape.number = encoder.shapeCount++;
  const source = shape.bytes;
  const count = source.length;
  encoder.reserve(count + 3);
  const { bytes } = encoder;
  let { pos } = encoder;
  bytes[pos++] = SHAPE_DEFINE;
  bytes[pos++] = shape.keys.length;
  bytes[pos++] = count;
  for (let i = 0; i < count; i++) bytes[pos++] = source[i];
  encoder.pos = pos;
}

class ReceiverShape {
  constructor(bytes, keys) {
    this.bytes = bytes;
    this.keys = keys;
    // Keys that plain assignment would treat as something else than a new own property: `__proto__` above all; and
    // indices, see defineAt() in plain.js.
    this.careful = keys.some((key) => key in Object.prototype || /^\d\d/.test(key));
  }
}

const received = new Array(SLOT_COUNT).fill(null);

/** @returns {ReceiverShape} of a definition whose tag was read */
function readShape(decoder) {
  const count = decoder.byte();
  const size = decoder.byte();
  const start = decoder.advance(size);
  if (count === 0 || count > SHAPE_KEYS_MAX || size < count) decoder.fail('a list of keys has an impossible size');
  const { bytes } = decoder;
  const hash =
    size * 31 +
    count * 7 +
    bytes[start + (size > 1 ? 1 : 0)] * 5 +
    bytes[start + (size >> 1)] * 3 +
    bytes[start + size - 1];
  const slot = hash & (SLOT_COUNT - 1);
  const known = received[slot];
  if (known !== null && known.keys.length === count && sameBytes(known.bytes, bytes, start, size)) return known;
  const own = Uint8Array.prototype.slice.call(bytes, start, start + size);
  const keys = decodeKeys(own, count);
  if (keys === null) decoder.fail('a list of keys does not fill its bytes');
  const shape = new ReceiverShape(own, keys);
  received[slot] = shape;
  return shape;
}

function sameBytes(known, bytes, start, size) {
  if (known.length !== size) return false;
  for (let i = 0; i < size; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

function decodeKeys(bytes, count) {
  const keys = [];
  let pos = 0;
  for (let i = 0; i < count; i++) {
    if (pos >= bytes.length) return null;
    const end = pos + 1 + bytes[pos];
    if (end > bytes.length) return null;
    const text = latin1Slice.call(bytes, pos + 1, end);
    // The engine's own copy of a property name: as a key it need not be looked up again.
    keys.push(Object.keys(JSON.parse(`{${JSON.stringify(text)}:0}`))[0]);
    pos = end;
  }
  return pos === bytes.length ? keys : null;
}

module.exports = { shapeOf, writeShape, readShape };
