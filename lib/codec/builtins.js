'use strict';
// Map, Set, Date, RegExp, BigInt, boxed primitives, URL and URLSearchParams. Both sides.
//
// Read through the built-in accessors and not through properties that an instance may have overridden.
// Maps and Sets are copied before their contents are written: a getter may change them underway.

const { types } = require('node:util');
const { TAGS, OTHERS } = require('./tags');
const { failed, setItem, mapKey, mapValue } = require('./path');

const { MAP, SET, DATE, REGEXP, BIGINT, BIGINT64, OTHER } = TAGS;
const { BOXED } = OTHERS;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const regexpAccessor = (name) => Object.getOwnPropertyDescriptor(RegExp.prototype, name).get;
const readSource = regexpAccessor('source');
const FLAGS = Object.entries({
  d: 'hasIndices',
  g: 'global',
  i: 'ignoreCase',
  m: 'multiline',
  s: 'dotAll',
  u: 'unicode',
  v: 'unicodeSets',
  y: 'sticky',
}).map(([flag, name]) => [flag, regexpAccessor(name)]);

function writeMap(encoder, map) {
  const entries = [];
  Map.prototype.forEach.call(map, (value, key) => entries.push(key, value));
  encoder.byte(MAP);
  encoder.varint(entries.length / 2);
  let i = 0;
  try {
    for (; i < entries.length; i++) encoder.value(entries[i]);
  } catch (error) {
    const index = i >> 1;
    throw failed(error, i % 2 === 0 ? mapKey(index) : mapValue(entries[i - 1], index));
  }
}

function writeSet(encoder, set) {
  const values = [];
  Set.prototype.forEach.call(set, (value) => values.push(value));
  encoder.byte(SET);
  encoder.varint(values.length);
  let i = 0;
  try {
    for (; i < values.length; i++) encoder.value(values[i]);
  } catch (error) {
    throw failed(error, setItem(i));
  }
}

function writeDate(encoder, date) {
  const time = Date.prototype.getTime.call(date);
  encoder.references.add(date);
  encoder.byte(DATE);
  encoder.double(time);
}

function writeRegExp(encoder, regexp) {
  const source = readSource.call(regexp);
  // The accessor of `flags` reads properties that an instance may hide; these read what the engine knows.
  let flags = '';
  for (const [flag, isSet] of FLAGS) if (isSet.call(regexp)) flags += flag;
  encoder.references.add(regexp);
  encoder.byte(REGEXP);
  encoder.string(source);
  encoder.string(flags);
}

function writeBigInt(encoder, value) {
  if (value >= INT64_MIN && value <= INT64_MAX) {
    encoder.byte(BIGINT64);
    encoder.view.setBigInt64(encoder.pos, value, true);
    encoder.pos += 8;
    encoder.reserve(0);
    return;
  }
  // Hexadecimal, the one base that the engine converts in linear time.
  const digits = (value < 0n ? -value : value).toString(16);
  encoder.byte(BIGINT);
  encoder.byte(value < 0n ? 1 : 0);
  const magnitude = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  encoder.block(magnitude, magnitude.length);
}

function writeBoxed(encoder, boxed) {
  encoder.references.add(boxed);
  encoder.byte(OTHER);
  encoder.byte(BOXED);
  try {
    encoder.value(primitiveOf(boxed));
  } catch (error) {
    throw failed(error, (path) => `${path}.valueOf()`);
  }
}

function primitiveOf(boxed) {
  if (types.isNumberObject(boxed)) return Number.prototype.valueOf.call(boxed);
  if (types.isStringObject(boxed)) return String.prototype.valueOf.call(boxed);
  if (types.isBooleanObject(boxed)) return Boolean.prototype.valueOf.call(boxed);
  if (types.isBigIntObject(boxed)) return BigInt.prototype.valueOf.call(boxed);
  return Symbol.prototype.valueOf.call(boxed);
}

function writeByText(kind, read) {
  return (encoder, object) => {
    const text = read(object);
    encoder.references.add(object);
    encoder.byte(OTHER);
    encoder.byte(kind);
    encoder.string(text);
  };
}
const writeUrl = writeByText(OTHERS.URL, (url) => url.href);
const writeUrlSearchParams = writeByText(OTHERS.URL_SEARCH_PARAMS, (parameters) =>
  URLSearchParams.prototype.toString.call(parameters),
);

function readMap(decoder) {
  const count = decoder.count(2);
  const map = decoder.enter(decoder.filling ?? new Map(), 0);
  for (let i = 0; i < count; i++) {
    const key = decoder.value();
    map.set(key, decoder.value());
  }
  decoder.leave();
  return map;
}

function readSet(decoder) {
  const count = decoder.count(1);
  const set = decoder.enter(decoder.filling ?? new Set(), 0);
  for (let i = 0; i < count; i++) set.add(decoder.value());
  decoder.leave();
  return set;
}

const readDate = (decoder) => decoder.keep(new Date(decoder.double()));

function readRegExp(decoder) {
  const source = decoder.string();
  return decoder.keep(new RegExp(source, decoder.string()));
}

function readBigInt64(decoder) {
  const start = decoder.advance(8);
  return new DataView(decoder.bytes.buffer, decoder.bytes.byteOffset + start, 8).getBigInt64(0, true);
}

function readBigInt(decoder) {
  const negative = decoder.byte() !== 0;
  const size = decoder.varint();
  const start = decoder.advance(size);
  if (size === 0) decoder.fail('a BigInt has no digits');
  const magnitude = BigInt(`0x${Buffer.prototype.hexSlice.call(decoder.bytes, start, start + size)}`);
  return negative ? -magnitude : magnitude;
}

function readOther(decoder, kind) {
  switch (kind) {
    case OTHERS.BOXED: {
      decoder.descend();
      const value = decoder.value();
      decoder.leave();
      if (value === null || value === undefined || typeof value === 'object')
        decoder.fail('a boxed value is not a primitive');
      return decoder.keep(Object(value));
    }
    case OTHERS.URL:
      return decoder.keep(new URL(decoder.string()));
    case OTHERS.URL_SEARCH_PARAMS:
      return decoder.keep(new URLSearchParams(decoder.string()));
    default:
      return decoder.fail('a value is of an unknown kind');
  }
}

module.exports = {
  writeMap,
  writeSet,
  writeDate,
  writeRegExp,
  writeBigInt,
  writeBoxed,
  writeUrl,
  writeUrlSearchParams,
  readMap,
  readSet,
  readDate,
  readRegExp,
  readBigInt64,
  readBigInt,
  readOther,
};
