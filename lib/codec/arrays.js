'use strict';
// Arrays: runs of numbers packed, holes kept, far-apart elements and extra properties as a list of pairs. Both sides.
//
// Elements are read once, in order, with the length the array had at first: a getter that changes the array
// underway changes what is read later and nothing else.

const { inspect } = require('node:util');
const { TAGS } = require('./tags');
const { failed, element, property } = require('./path');
const { define } = require('./plain');

const { ARRAY, ARRAY_TAIL, END, HOLE, RUN_INT32, RUN_DOUBLE } = TAGS;
const { hasOwn } = Object;

const RUN_LENGTH_MIN = 8;
// From this length on, asking inspect() about extra properties is cheaper than listing the keys (measured: about 90).
const KEYS_LENGTH_MAX = 90;
// So many elements left after the first hole make it worth counting how many are there.
const SPARSE_LENGTH_MIN = 64;
const INDEX_MAX = 0xfffffffe;
const WITHOUT_ELEMENTS = {
  maxArrayLength: 0,
  depth: 0,
  customInspect: false,
  showHidden: false,
  colors: false,
  getters: false,
};

function writeArray(encoder, array) {
  const { length } = array;
  const start = encoder.pos;
  encoder.bytes[encoder.pos++] = ARRAY;
  encoder.varint(length);
  const written = writeElements(encoder, array, length);
  const extra = written < length || hasExtraProperties(array, length) ? extraKeys(array, written) : null;
  if (extra === null || (extra.length === 0 && written === length)) return;
  encoder.bytes[start] = ARRAY_TAIL;
  encoder.byte(END);
  writePairs(encoder, array, extra);
}

/** @returns {number} how many were written; fewer than `length` when the rest is sparse */
function writeElements(encoder, array, length) {
  let i = 0;
  let counted = false;
  try {
    if (length === 0) return 0;
    let value = array[0];
    if (length >= RUN_LENGTH_MIN && typeof value === 'number') {
      const run = startRun(encoder);
      do {
        addToRun(encoder, run, value);
        i++;
        if (i === length) break;
        value = array[i];
      } while (typeof value === 'number');
      endRun(encoder, run, i);
      if (i === length) return i;
    }
    for (;;) {
      if (value === undefined && !hasOwn(array, i)) {
        if (!counted && length - i > SPARSE_LENGTH_MIN) {
          counted = true;
          if (Object.keys(array).length < i + (length - i) / 4) return i;
        }
        encoder.byte(HOLE);
      } else {
        encoder.value(value);
      }
      i++;
      if (i >= length) return i;
      value = array[i];
    }
  } catch (error) {
    throw failed(error, element(i));
  }
}

// A run starts as int32. The first number that is none turns what was written into doubles, in place.
function startRun(encoder) {
  encoder.bytes[encoder.pos] = RUN_INT32;
  const run = { head: encoder.pos, integers: true };
  encoder.pos += 5;
  return run;
}

function addToRun(encoder, run, value) {
  if (run.integers) {
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      encoder.view.setInt32(encoder.pos, value, true);
      encoder.pos += 4;
      if (encoder.pos > encoder.limit) encoder.grow(0);
      return;
    }
    widenRun(encoder, run);
  }
  encoder.view.setFloat64(encoder.pos, value, true);
  encoder.pos += 8;
  if (encoder.pos > encoder.limit) encoder.grow(0);
}

function widenRun(encoder, run) {
  const first = run.head + 5;
  const count = (encoder.pos - first) / 4;
  encoder.reserve(count * 4);
  const { view } = encoder;
  for (let i = count - 1; i >= 0; i--) view.setFloat64(first + i * 8, view.getInt32(first + i * 4, true), true);
  encoder.bytes[run.head] = RUN_DOUBLE;
  encoder.pos = first + count * 8;
  run.integers = false;
}

function endRun(encoder, run, count) {
  encoder.view.setUint32(run.head + 1, count, true);
}

// Listing the keys costs as much as encoding the array; inspect() skips the elements and shows what else there is.
// Should it ever word its answer differently, the keys are listed: slower, never wrong.
function hasExtraProperties(array, length) {
  if (length <= KEYS_LENGTH_MAX) {
    const keys = Object.keys(array);
    // Indices come first; the last key tells a hole made up for by a property from neither.
    return keys.length !== length || (length !== 0 && keys[length - 1] !== String(length - 1));
  }
  return inspect(array, WITHOUT_ELEMENTS) !== `[ ... ${length} more items ]`;
}

const isIndex = (key) => {
  const number = Number(key);
  return Number.isInteger(number) && number >= 0 && number <= INDEX_MAX && String(number) === key;
};

function extraKeys(array, written) {
  return Object.keys(array).filter((key) => !isIndex(key) || Number(key) >= written);
}

function writePairs(encoder, array, keys) {
  encoder.varint(keys.length);
  let key;
  try {
    for (key of keys) {
      const value = array[key];
      if (isIndex(key)) encoder.number(Number(key));
      else encoder.string(key);
      if (value === undefined && !hasOwn(array, key)) encoder.byte(HOLE);
      else encoder.value(value);
    }
  } catch (error) {
    throw failed(error, isIndex(key) ? element(key) : property(key));
  }
}

function readArray(decoder) {
  const length = decoder.count(1);
  const array = decoder.filling ?? new Array(length);
  if (decoder.filling !== null) array.length = length; // setting a length is dear
  decoder.enter(array, 0);
  let i = 0;
  while (i < length) {
    const tag = decoder.peek();
    if (tag === RUN_INT32 || tag === RUN_DOUBLE) i = readRun(decoder, array, i, length);
    else if (tag === HOLE) {
      decoder.pos++;
      i++;
    } else array[i++] = decoder.value();
  }
  decoder.leave();
  return array;
}

function readArrayTail(decoder) {
  const length = decoder.varint();
  if (length > 0xffffffff) decoder.fail('an array is longer than arrays can be');
  const array = decoder.filling ?? [];
  decoder.enter(array, 0);
  let i = 0;
  for (;;) {
    const tag = decoder.peek();
    if (tag === END) break;
    if (i >= length) decoder.fail('an array has more elements than its length');
    if (tag === RUN_INT32 || tag === RUN_DOUBLE) i = readRun(decoder, array, i, length);
    else if (tag === HOLE) {
      decoder.pos++;
      i++;
    } else array[i++] = decoder.value();
  }
  decoder.pos++;
  if (i < length) {
    // Through the largest length to the one meant: that makes the engine store elements sparsely instead of
    // setting memory aside for a length that somebody merely wrote down.
    array.length = 0xffffffff;
  }
  array.length = length; // holes at the end count, too
  const count = decoder.count(2);
  for (let pair = 0; pair < count; pair++) readPair(decoder, array, length);
  decoder.leave();
  return array;
}

function readPair(decoder, array, length) {
  const key = decoder.value();
  if (typeof key === 'number') {
    if (!(Number.isInteger(key) && key >= 0 && key < length)) decoder.fail('an element lies outside its array');
  } else if (typeof key !== 'string' || key === 'length' || isIndex(key)) {
    decoder.fail('a property of an array has no name');
  }
  if (!decoder.hole()) define(array, key, decoder.value());
}

function readRun(decoder, array, from, length) {
  const integers = decoder.byte() === RUN_INT32;
  const count = decoder.uint32();
  if (count > length - from) decoder.fail('a run of numbers is longer than its array');
  const size = integers ? 4 : 8;
  const start = decoder.advance(count * size);
  const copy = Uint8Array.prototype.slice.call(decoder.bytes, start, start + count * size);
  const numbers = integers
    ? new Int32Array(copy.buffer, copy.byteOffset, count)
    : new Float64Array(copy.buffer, copy.byteOffset, count);
  for (let i = 0; i < count; i++) array[from + i] = numbers[i];
  return from + count;
}

module.exports = { writeArray, readArray, readArrayTail };
