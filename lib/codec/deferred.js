'use strict';
// Values nested so deeply that the stack would not hold them: contents that wait until what is around them is done.
// Both sides.
//
// In place of the contents stands what is needed to make the object: it has its number, and references to it work.
// The contents follow the value in the order in which the objects were met; they may defer others. Only objects that
// may be seen empty by the receiver are deferred, so nothing inside the description of a multiproc object is.

const { TAGS, OTHERS, SHAPE, SHAPE_COUNT_SHORT } = require('./tags');
const { writeObject } = require('./plain');
const { writeArray } = require('./arrays');
const { writeMap, writeSet } = require('./builtins');
const { writeErrorHead, writeErrorProperties, readErrorHead, readErrorProperties } = require('./errors');

const { OTHER, OBJECT, NULL_OBJECT, ARRAY, ARRAY_TAIL, MAP, SET, ERROR, SHAPE_DEFINE, SHAPE_LONG } = TAGS;

const CONTENTS = new Map([
  [OBJECT, (encoder, object) => writeObject(encoder, object, false)],
  [NULL_OBJECT, (encoder, object) => writeObject(encoder, object, true)],
  [ARRAY, writeArray],
  [MAP, writeMap],
  [SET, writeSet],
  [ERROR, writeErrorProperties],
]);

/** Writes the place of an object that is numbered already. */
function defer(encoder, object, kind) {
  encoder.byte(OTHER);
  encoder.byte(OTHERS.DEFERRED);
  encoder.byte(kind);
  if (kind === ERROR) writeErrorHead(encoder, object);
  encoder.deferred.push({ object, kind, parent: encoder.filled });
}

/** Writes the contents of whatever was deferred. On a failure `encoder.filled` is the object it happened in. */
function writeDeferred(encoder) {
  // More are pushed underway.
  for (const entry of encoder.deferred) {
    encoder.filled = entry;
    encoder.depth = 0;
    writeContents(encoder, entry);
  }
}

const writeContents = (encoder, { object, kind }) => CONTENTS.get(kind)(encoder, object);

const MAKE = new Map([
  [OBJECT, () => ({})],
  [NULL_OBJECT, () => Object.create(null)],
  [ARRAY, () => []],
  [MAP, () => new Map()],
  [SET, () => new Set()],
  [ERROR, readErrorHead],
]);

function readPlace(decoder) {
  const kind = decoder.byte();
  const make = MAKE.get(kind);
  if (make === undefined) decoder.fail('an object of this kind has no contents that could follow');
  if (!decoder.mayDefer) decoder.fail('contents follow that cannot wait');
  const object = make(decoder);
  decoder.deferred ??= [];
  decoder.deferred.push({ object, kind });
  return decoder.keep(object);
}

function readDeferred(decoder) {
  for (const { object, kind } of decoder.deferred) {
    if (kind !== ERROR && !isOfKind(decoder.peek(), kind)) decoder.fail('contents do not match their object');
    decoder.filling = object;
    if (kind === ERROR) readErrorProperties(decoder, object);
    else decoder.value();
  }
}

function isOfKind(tag, kind) {
  if (tag === kind) return true;
  if (kind === ARRAY) return tag === ARRAY_TAIL;
  const shaped = (tag >= SHAPE && tag < SHAPE + SHAPE_COUNT_SHORT) || tag === SHAPE_DEFINE || tag === SHAPE_LONG;
  return kind === OBJECT && shaped;
}

module.exports = { defer, writeDeferred, writeContents, readPlace, readDeferred };
