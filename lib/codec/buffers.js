'use strict';
// ArrayBuffers, views on them, Buffers. Both sides.
//
// A view is written as a reference to its buffer, so views that share a buffer share it afterwards, and a view on
// shared memory stays one. A Buffer on ordinary memory is the exception: it is usually a slice of a pool, so only
// the bytes it shows are written. A resizable ArrayBuffer arrives with the size it has now.

const { types } = require('node:util');
const { TAGS, OTHERS, PIECE_ALIGN, PIECE_MIN } = require('./tags');
const { Failure, failed, property } = require('./path');
const { cannot } = require('./refusals');

const { BUFFER, ARRAY_BUFFER, VIEW, OTHER } = TAGS;
const { PIECE_BUFFER, PIECE_ARRAY_BUFFER } = OTHERS;

// The view type byte is the index. Only ever append.
const VIEW_TYPES = [
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
].map((name) => ({ name, constructor: globalThis[name] }));
const SHARED_BUFFER = 0x40;

// What a view is, whatever properties an instance has, or lacks without its prototype.
const accessor = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const typedArrayName = accessor(TypedArrayPrototype, Symbol.toStringTag);
const lengthOf = accessor(TypedArrayPrototype, 'length');
const [bufferOfArray, offsetOfArray] = ['buffer', 'byteOffset'].map((name) => accessor(TypedArrayPrototype, name));
const [bufferOfDataView, offsetOfDataView, sizeOfDataView] = ['buffer', 'byteOffset', 'byteLength'].map((name) =>
  accessor(DataView.prototype, name),
);

function writeArrayBuffer(encoder, buffer) {
  const bytes = bytesOf(buffer);
  encoder.references.add(buffer);
  if (encoder.pieces !== null && bytes.length >= PIECE_MIN) return writePiece(encoder, PIECE_ARRAY_BUFFER, bytes);
  encoder.byte(ARRAY_BUFFER);
  encoder.block(bytes, bytes.length);
}

function bytesOf(buffer) {
  try {
    return new Uint8Array(buffer);
  } catch {
    throw new Failure('is a detached ArrayBuffer, whose memory was transferred away');
  }
}

function writeSharedArrayBuffer(encoder, buffer) {
  if (!encoder.writeMultiproc(buffer)) throw cannot('a SharedArrayBuffer that does not belong to multiproc');
}

function writeView(encoder, view) {
  const isDataView = types.isDataView(view);
  const buffer = (isDataView ? bufferOfDataView : bufferOfArray).call(view);
  const isBuffer = Buffer.isBuffer(view);
  const shared = types.isSharedArrayBuffer(buffer);
  if (isBuffer && !shared) {
    encoder.references.add(view);
    const size = lengthOf.call(view);
    if (encoder.pieces !== null && size >= PIECE_MIN) return writePiece(encoder, PIECE_BUFFER, view);
    encoder.byte(BUFFER);
    encoder.block(view, size);
    return;
  }
  const name = isDataView ? 'DataView' : typedArrayName.call(view);
  const type = isBuffer ? SHARED_BUFFER : VIEW_TYPES.findIndex((known) => known.name === name);
  if (type < 0) throw cannot(`a ${name}`);
  encoder.byte(VIEW);
  encoder.byte(type);
  try {
    encoder.value(buffer);
  } catch (error) {
    throw failed(error, property('buffer'));
  }
  encoder.varint((isDataView ? offsetOfDataView : offsetOfArray).call(view));
  encoder.varint((isDataView ? sizeOfDataView : lengthOf).call(view));
  encoder.references.add(view);
}

/** The bytes go with the message, and are not written into it. */
function writePiece(encoder, kind, bytes) {
  const size = lengthOf.call(bytes);
  encoder.byte(OTHER);
  encoder.byte(kind);
  encoder.varint(encoder.areaSize);
  encoder.varint(size);
  encoder.pieces.push(bytes);
  encoder.areaSize = Math.ceil((encoder.areaSize + size) / PIECE_ALIGN) * PIECE_ALIGN;
}

function readPiece(decoder, kind) {
  const [place, size] = [decoder.varint(), decoder.varint()];
  const { area } = decoder;
  // Whoever reads a message only to throw it away has no area.
  if (area === null) return decoder.keep(kind === PIECE_BUFFER ? Buffer.alloc(0) : new ArrayBuffer(0));
  if (area === undefined || place + size > area.byteLength)
    decoder.fail('a buffer lies outside the area of its message');
  if (kind === PIECE_BUFFER) return decoder.keep(Buffer.from(area, place, size));
  return decoder.keep(size === area.byteLength ? area : area.slice(place, place + size));
}

function readBuffer(decoder) {
  const size = decoder.varint();
  const start = decoder.advance(size);
  const buffer = Buffer.allocUnsafe(size);
  buffer.set(decoder.bytes.subarray(start, start + size));
  return decoder.keep(buffer);
}

function readArrayBuffer(decoder) {
  const size = decoder.varint();
  const start = decoder.advance(size);
  const bytes = new Uint8Array(size);
  bytes.set(decoder.bytes.subarray(start, start + size));
  return decoder.keep(bytes.buffer);
}

function readView(decoder) {
  const type = decoder.byte();
  decoder.descend();
  const buffer = decoder.value();
  decoder.leave();
  if (!types.isAnyArrayBuffer(buffer)) decoder.fail('a view shows something that is not a buffer');
  const offset = decoder.varint();
  const length = decoder.varint();
  // The constructors would take NaN for 0 and so on; these two are integers, and range errors are theirs to find.
  if (type === SHARED_BUFFER) return decoder.keep(Buffer.from(buffer, offset, length));
  const View = VIEW_TYPES[type]?.constructor;
  if (View === undefined) decoder.fail('a view has a type that is not known here');
  return decoder.keep(new View(buffer, offset, length));
}

module.exports = {
  writeArrayBuffer,
  writeSharedArrayBuffer,
  writeView,
  readBuffer,
  readArrayBuffer,
  readPiece,
  readView,
};
