'use strict';
// Bytes to a value, of bytes that anybody may have written: whatever is wrong with them is one MultiprocError,
// ERR_MULTIPROC_DESERIALIZE.
//
// Nothing is set aside by counts that the bytes could not hold, all of them together; references name objects that
// exist; depth is bounded; every byte is used; a value takes at most MEMORY_FACTOR bytes for each byte of its message. The bytes must not change during the call: copy them out of shared memory first.

const { MultiprocError } = require('../errors');
const { TAGS, OTHERS, VERSION, SHORT_STRING, SHAPE, SHAPE_COUNT_SHORT, DEPTH_MAX } = require('./tags');
const { readShape } = require('./shapes');
const { readShaped, readObject } = require('./plain');
const { readArray, readArrayTail } = require('./arrays');
const { readBuffer, readArrayBuffer, readPiece, readView } = require('./buffers');
const { readError } = require('./errors');
const builtins = require('./builtins');
const { readPlace, readDeferred } = require('./deferred');

const { latin1Slice, utf8Slice, ucs2Slice } = Buffer.prototype;
const { HOLE, LATIN1, UTF8, UTF16 } = TAGS;
const { fromCharCode } = String;

const doubles = new Float64Array(1);
const doubleBytes = new Uint8Array(doubles.buffer);

class Decoder {
  constructor(bytes, context, length, area) {
    this.bytes = bytes;
    this.pos = 0;
    this.end = length;
    this.depth = 0;
    this.counted = 0;
    this.references = [];
    this.deferred = null;
    this.filling = null; // the deferred object whose contents come next
    this.mayDefer = true;
    this.shapes = null;
    this.context = context;
    this.area = area;
  }

  fail(reason, cause) {
    const message = `decode(): ${reason}, at byte ${this.pos} of ${this.end}; the bytes are no message of this version of multiproc`;
    throw new MultiprocError('ERR_MULTIPROC_DESERIALIZE', message, { cause });
  }

  truncated() {
    this.fail('the bytes end too early');
  }

  /** Moves past so many bytes that must be there; returns where they start. */
  advance(size) {
    const start = this.pos;
    if (size > this.end - start) this.truncated();
    this.pos = start + size;
    return start;
  }

  byte() {
    if (this.pos >= this.end) this.truncated();
    return this.bytes[this.pos++];
  }

  peek() {
    if (this.pos >= this.end) this.truncated();
    return this.bytes[this.pos];
  }

  /** Whether a property or element is missing here; moves past the mark when it is. */
  hole() {
    if (this.pos < this.end && this.bytes[this.pos] === HOLE) {
      this.pos++;
      return true;
    }
    return false;
  }

  varint() {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (value > Number.MAX_SAFE_INTEGER) this.fail('a number is too large');
    } while (byte >= 0x80);
    return value;
  }

  uint32() {
    const { bytes } = this;
    const pos = this.advance(4);
    return (bytes[pos] | (bytes[pos + 1] << 8) | (bytes[pos + 2] << 16) | (bytes[pos + 3] << 24)) >>> 0;
  }

  double() {
    const { bytes } = this;
    const pos = this.advance(8);
    for (let i = 0; i < 8; i++) doubleBytes[i] = bytes[pos + i];
    return doubles[0];
  }

  /** How many items follow, of at least `size` bytes each. */
  count(size) {
    const count = this.varint();
    // All together: each item has bytes of its own, and arrays in arrays that each claim what is left are a bomb.
    this.counted += count * size;
    if (count * size > this.end - this.pos || this.counted > this.end)
      this.fail('a count exceeds the bytes that are left');
    return count;
  }

  /** Numbers an object whose contents come next; one level deeper until leave(). */
  enter(object, valueCount) {
    if (valueCount > this.end - this.pos) this.truncated();
    if (this.filling === null) this.references.push(object);
    else this.filling = null;
    this.descend();
    return object;
  }

  descend() {
    if (++this.depth > DEPTH_MAX) this.fail(`values are nested more than ${DEPTH_MAX} levels deep`);
  }

  leave() {
    this.depth--;
  }

  /** Numbers an object that is complete. */
  keep(object) {
    this.references.push(object);
    return object;
  }

  string() {
    const tag = this.byte();
    if (tag >= SHORT_STRING && tag < SHAPE) return this.shortString(tag & 0x3f);
    if (tag === LATIN1) return this.longString(latin1Slice);
    if (tag === UTF8) return this.longString(utf8Slice);
    if (tag === UTF16) return this.longString(ucs2Slice);
    return this.fail('a string was expected');
  }

  shortString(length) {
    const { bytes } = this;
    const p = this.advance(length);
    // A call into the engine costs as much as putting a dozen characters together here.
    switch (length) {
      case 0:
        return '';
      case 1:
        return fromCharCode(bytes[p]);
      case 2:
        return fromCharCode(bytes[p], bytes[p + 1]);
      case 3:
        return fromCharCode(bytes[p], bytes[p + 1], bytes[p + 2]);
      case 4:
        return fromCharCode(bytes[p], bytes[p + 1], bytes[p + 2], bytes[p + 3]);
      case 5:
        return fromCharCode(bytes[p], bytes[p + 1], bytes[p + 2], bytes[p + 3], bytes[p + 4]);
      case 6:
        return fromCharCode(bytes[p], bytes[p + 1], bytes[p + 2], bytes[p + 3], bytes[p + 4], bytes[p + 5]);
      case 7:
        return fromCharCode(
          bytes[p],
          bytes[p + 1],
          bytes[p + 2],
          bytes[p + 3],
          bytes[p + 4],
          bytes[p + 5],
          bytes[p + 6],
        );
      case 8:
        return fromCharCode(
          bytes[p],
          bytes[p + 1],
          bytes[p + 2],
          bytes[p + 3],
          bytes[p + 4],
          bytes[p + 5],
          bytes[p + 6],
          bytes[p + 7],
        );
      default:
        return latin1Slice.call(bytes, p, p + length);
    }
  }

  longString(slice) {
    const size = this.varint();
    const start = this.advance(size);
    if (slice === ucs2Slice && size % 2 !== 0) this.fail('a string ends within a character');
    return slice.call(this.bytes, start, start + size);
  }

  value() {
    if (this.pos >= this.end) this.truncated();
    const tag = this.bytes[this.pos++];
    if (tag < SHORT_STRING) return tag;
    if (tag < SHAPE) return this.shortString(tag & 0x3f);
    if (tag < SHAPE + SHAPE_COUNT_SHORT) return readShaped(this, this.shape(tag & 0x1f));
    return READERS[tag](this);
  }

  shape(number) {
    if (this.shapes === null || number >= this.shapes.length)
      this.fail('an object names a list of keys that was not defined');
    return this.shapes[number];
  }

  reference() {
    const number = this.varint();
    if (number >= this.references.length) this.fail('a reference names an object that was not met');
    return this.references[number];
  }

  integer() {
    const bits = this.varint();
    if (bits > 0xffffffff) this.fail('an integer has more than 32 bits');
    return (bits >>> 1) ^ -(bits & 1);
  }

  definedShape() {
    const shape = readShape(this);
    if (this.shapes === null) this.shapes = [shape];
    else this.shapes.push(shape);
    return readShaped(this, shape);
  }

  multiproc() {
    const [kind, index, generation] = [this.varint(), this.varint(), this.varint()];
    if (kind > 0xffffffff || index > 0xffffffff || generation > 0xffffffff) this.fail('a handle is out of range');
    this.descend();
    const { mayDefer } = this;
    this.mayDefer = false;
    const extra = this.value();
    this.mayDefer = mayDefer;
    this.leave();
    if (this.context === undefined) this.fail('a multiproc object came where none is expected');
    return this.keep(this.context.revive(kind, index, generation, extra));
  }
}

function readOther(decoder) {
  const kind = decoder.byte();
  if (kind === OTHERS.DEFERRED) return readPlace(decoder);
  if (kind === OTHERS.PIECE_BUFFER || kind === OTHERS.PIECE_ARRAY_BUFFER) return readPiece(decoder, kind);
  return builtins.readOther(decoder, kind);
}

const READERS = new Array(256).fill((decoder) => decoder.fail('there is an unknown tag'));
Object.entries({
  UNDEFINED: () => undefined,
  NULL: () => null,
  TRUE: () => true,
  FALSE: () => false,
  INTEGER: (decoder) => decoder.integer(),
  DOUBLE: (decoder) => decoder.double(),
  BIGINT64: builtins.readBigInt64,
  BIGINT: builtins.readBigInt,
  LATIN1: (decoder) => decoder.longString(latin1Slice),
  UTF8: (decoder) => decoder.longString(utf8Slice),
  UTF16: (decoder) => decoder.longString(ucs2Slice),
  REFERENCE: (decoder) => decoder.reference(),
  SHAPE_DEFINE: (decoder) => decoder.definedShape(),
  SHAPE_LONG: (decoder) => readShaped(decoder, decoder.shape(decoder.varint())),
  OBJECT: (decoder) => readObject(decoder, {}),
  NULL_OBJECT: (decoder) => readObject(decoder, Object.create(null)),
  ARRAY: readArray,
  ARRAY_TAIL: readArrayTail,
  MAP: builtins.readMap,
  SET: builtins.readSet,
  DATE: builtins.readDate,
  REGEXP: builtins.readRegExp,
  BUFFER: readBuffer,
  ARRAY_BUFFER: readArrayBuffer,
  VIEW: readView,
  ERROR: readError,
  MULTIPROC: (decoder) => decoder.multiproc(),
  OTHER: readOther,
}).forEach(([name, read]) => {
  READERS[TAGS[name]] = read;
});

/**
 * The value of a message that encode() made.
 * @param {Uint8Array} bytes of any origin; they must not change during the call
 * @param {{ length?: number, context?: { revive(kind: number, index: number, generation: number, extra: unknown): object }, area?: ArrayBuffer | null }} [options]
 *   `length`: the message is so many bytes at the beginning of `bytes`; all of them unless given. `area`: where its
 *   pieces are; null: they are not wanted
 * @throws {MultiprocError} ERR_MULTIPROC_DESERIALIZE; a MultiprocError that revive() throws comes through as it is
 */
function decode(bytes, options) {
  const decoder = new Decoder(bytes, options?.context, options?.length ?? bytes.length, options?.area);
  try {
    if (decoder.byte() !== VERSION) decoder.fail('the version does not match');
    const value = decoder.value();
    if (decoder.deferred !== null) readDeferred(decoder);
    if (decoder.pos !== decoder.end) decoder.fail('there are bytes after the value');
    return value;
  } catch (error) {
    if (error instanceof MultiprocError) throw error;
    // The engine's own checks: an invalid RegExp or URL, a view outside its buffer, no stack left.
    return decoder.fail(`a value is invalid (${error?.message})`, error);
  }
}

module.exports = { decode };
