'use strict';
// Plain objects: by shape where the keys allow, else key by key. Both sides.
//
// Own enumerable string keys, each read once. A property that an earlier getter deleted is left out, as
// structuredClone does. On arrival every property is an own data property, `__proto__` like any other.

const { TAGS } = require('./tags');
const { shapeOf, writeShape } = require('./shapes');
const { failed, property } = require('./path');

const { OBJECT, NULL_OBJECT, HOLE } = TAGS;
const { hasOwn } = Object;

// Elements that an object may have room for without having them.
const NEAR = 8;

function writeObject(encoder, object, nullPrototype) {
  const keys = Object.keys(object);
  const shape = nullPrototype ? null : shapeOf(keys);
  if (shape === null) {
    encoder.bytes[encoder.pos++] = nullPrototype ? NULL_OBJECT : OBJECT;
    encoder.varint(keys.length);
  } else {
    writeShape(encoder, shape);
  }
  const count = keys.length;
  let i = 0;
  try {
    for (; i < count; i++) {
      const key = keys[i];
      const value = object[key];
      if (shape === null) encoder.string(key);
      if (value === undefined && !hasOwn(object, key)) encoder.byte(HOLE);
      else encoder.value(value);
    }
  } catch (error) {
    throw failed(error, property(keys[i]));
  }
}

function readShaped(decoder, shape) {
  const object = decoder.filling ?? {};
  const { keys } = shape;
  decoder.enter(object, keys.length);
  if (shape.careful) {
    for (let i = 0; i < keys.length; i++) if (!decoder.hole()) defineAt(object, keys[i], decoder.value(), i);
  } else {
    for (let i = 0; i < keys.length; i++) if (!decoder.hole()) object[keys[i]] = decoder.value();
  }
  decoder.leave();
  return object;
}

function readObject(decoder, fresh) {
  const object = decoder.filling ?? fresh;
  const count = decoder.count(2);
  decoder.enter(object, 0);
  for (let i = 0; i < count; i++) {
    const key = decoder.string();
    if (!decoder.hole()) defineAt(object, key, decoder.value(), i);
  }
  decoder.leave();
  return object;
}

// The engine makes room for all elements up to the first that is set, if that is not beyond about 1,000: 12 KB for what
// a message writes in three bytes. Unless one was not an ordinary property for a moment: then it keeps a list of them.
function defineAt(object, key, value, place) {
  if (isFarIndex(key, place))
    Object.defineProperty(object, key, { value, writable: false, enumerable: true, configurable: true });
  define(object, key, value);
}

/** Whether an object whose key at this place is `key` has far more room for elements than elements. */
const isFarIndex = (key, place) => key.length > 1 && key.length < 5 && Number(key) > place + NEAR;

/** An own data property, whatever the prototype makes of that name. */
function define(object, key, value) {
  if (key in object)
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

module.exports = { writeObject, readShaped, readObject, define, defineAt };
