'use strict';
// A value to bytes: which kind of value it is, and the one public error when it cannot travel.
//
// Invariant: an object is numbered at the same moment on both sides: here before its contents are written, or after
// them where tags.js says so. The depth of calls is bounded: what lies deeper is written afterwards (deferred.js).

const { types } = require('node:util');
const { SerializationError } = require('../errors');
const { TAGS, VERSION, DEPTH_DEFERRED, DEPTH_MAX } = require('./tags');
const { Writer } = require('./writer');
const { References } = require('./references');
const { Failure, failed, pathOf, property } = require('./path');
const { refusalOf, refusePrimitive } = require('./refusals');
const { writeObject } = require('./plain');
const { writeArray } = require('./arrays');
const { writeArrayBuffer, writeSharedArrayBuffer, writeView } = require('./buffers');
const { isError, isDomException, writeError } = require('./errors');
const { defer, writeDeferred, writeContents } = require('./deferred');
const builtins = require('./builtins');

const { UNDEFINED, NULL, TRUE, FALSE, REFERENCE, MULTIPROC, OBJECT, NULL_OBJECT, ARRAY, MAP, SET, ERROR } = TAGS;
const ObjectPrototype = Object.prototype;
const { getPrototypeOf } = Object;
const isUrl = (object) => object instanceof URL;
const isUrlSearchParams = (object) => object instanceof URLSearchParams;

let messageCount = 0;

class Encoder extends Writer {
  constructor() {
    super();
    this.references = new References();
    this.deferred = [];
    this.begin(undefined, false);
  }

  begin(context, takesPieces) {
    this.rewind();
    this.context = context;
    this.pieces = takesPieces ? [] : null;
    this.areaSize = 0;
    this.depth = 0;
    this.mayDefer = true;
    this.filled = null;
    this.shapeCount = 0;
    this.message = ++messageCount;
  }

  end() {
    this.references.clear();
    this.context = undefined;
    this.filled = null;
    if (this.deferred.length > 0) this.deferred = [];
  }

  value(value) {
    switch (typeof value) {
      case 'string':
        return this.string(value);
      case 'number':
        return this.number(value);
      case 'object':
        return value === null ? this.byte(NULL) : this.object(value);
      case 'boolean':
        return this.byte(value ? TRUE : FALSE);
      case 'undefined':
        return this.byte(UNDEFINED);
      case 'bigint':
        return builtins.writeBigInt(this, value);
      default:
        throw refusePrimitive(value);
    }
  }

  object(object) {
    if (++this.depth > DEPTH_MAX)
      throw new Failure(`is nested more than ${DEPTH_MAX} levels deep in the description of an object of multiproc`);
    const proto = getPrototypeOf(object);
    if (proto === ObjectPrototype) {
      if (!this.wroteReference(object)) {
        if (this.defers()) defer(this, object, OBJECT);
        else writeObject(this, object, false);
      }
    } else if (Array.isArray(object)) {
      if (!this.wroteReference(object)) {
        if (this.defers()) defer(this, object, ARRAY);
        else writeArray(this, object);
      }
    } else {
      this.rareObject(object, proto);
    }
    this.depth--;
  }

  defers() {
    return this.depth > DEPTH_DEFERRED && this.mayDefer;
  }

  wroteReference(object) {
    const number = this.references.findOrAdd(object);
    if (number < 0) return false;
    this.bytes[this.pos++] = REFERENCE;
    this.varint(number);
    return true;
  }

  rareObject(object, proto) {
    const number = this.references.find(object);
    if (number >= 0) {
      this.bytes[this.pos++] = REFERENCE;
      this.varint(number);
      return;
    }
    if (proto !== null && !isBuiltIn(proto) && this.writeMultiproc(object)) return;
    const write = writerOf(object);
    const kind = write === null ? (proto === null ? NULL_OBJECT : OBJECT) : CONTAINERS.get(write);
    if (kind === undefined) return write(this, object);
    if (write === null) {
      const refusal = refusalOf(object, proto);
      if (refusal !== null) throw refusal;
    }
    this.references.add(object);
    if (this.defers()) defer(this, object, kind);
    else if (write === null) writeObject(this, object, kind === NULL_OBJECT);
    else write(this, object);
  }

  /** False when the context does not know the object. */
  writeMultiproc(object) {
    const described = this.context?.describe(object) ?? null;
    if (described === null) return false;
    this.byte(MULTIPROC);
    this.varint(described.kind >>> 0);
    this.varint(described.index >>> 0);
    this.varint(described.generation >>> 0);
    const { mayDefer } = this;
    this.mayDefer = false; // the receiver revives the object as soon as it has its description
    try {
      this.value(described.extra);
    } catch (error) {
      throw failed(error, property('extra'));
    }
    this.mayDefer = mayDefer;
    this.references.add(object);
    return true;
  }
}

// What is numbered before its contents are written; every other writer numbers its object itself.
const CONTAINERS = new Map([
  [builtins.writeMap, MAP],
  [builtins.writeSet, SET],
  [writeError, ERROR],
]);

// By what the engine knows of the object, so that subclasses and objects of other realms are found as well.
function writerOf(object) {
  if (ArrayBuffer.isView(object)) return writeView;
  if (types.isMap(object)) return builtins.writeMap;
  if (types.isSet(object)) return builtins.writeSet;
  if (types.isDate(object)) return builtins.writeDate;
  if (isError(object) || isDomException(object)) return writeError;
  if (types.isRegExp(object)) return builtins.writeRegExp;
  if (types.isArrayBuffer(object)) return writeArrayBuffer;
  if (types.isSharedArrayBuffer(object)) return writeSharedArrayBuffer;
  if (types.isBoxedPrimitive(object)) return builtins.writeBoxed;
  if (isUrl(object)) return builtins.writeUrl;
  if (isUrlSearchParams(object)) return builtins.writeUrlSearchParams;
  return null;
}

const BUILT_IN = new Set(
  [
    Map,
    Set,
    Date,
    RegExp,
    ArrayBuffer,
    SharedArrayBuffer,
    DataView,
    Buffer,
    URL,
    URLSearchParams,
    Boolean,
    Number,
    String,
    BigInt,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    globalThis.Float16Array ?? Uint8Array,
    Error,
    TypeError,
    RangeError,
    SyntaxError,
    ReferenceError,
    EvalError,
    URIError,
    AggregateError,
  ].map((constructor) => constructor.prototype),
);
const isBuiltIn = (proto) => BUILT_IN.has(proto);

// One encoder serves all calls. A call that comes while it is at work, from a getter, gets one of its own.
const shared = new Encoder();
let busy = false;

/**
 * The bytes of a value. They lie in a scratch buffer that the next encode() writes over: send or copy them first.
 * @param {unknown} value
 * @param {{ root?: string, context?: Context }} [options]
 *   `root` is the first part of the path in an error; `context` knows multiproc objects
 * @returns {Buffer}
 * @throws {SerializationError} naming the `path` of what cannot travel
 *
 * @typedef {{ describe(object: object): null | { kind: number, index: number, generation: number, extra?: unknown } }} Context
 */
function encode(value, options) {
  const { bytes, pos } = encodeInPlace(value, options?.root ?? 'value', options?.context, false);
  return bytes.subarray(0, pos);
}

/**
 * The same for who sends at once: the first `pos` of `bytes`, and `pieces` that go with them, if they may: bytes of large
 * buffers, which lie one after the other in the message's area.
 * @param {unknown} value
 * @param {string} root
 * @param {Context | undefined} context
 * @param {boolean} takesPieces
 * @returns {{ bytes: Buffer, pos: number, pieces: Uint8Array[] | null }} the caller forgets `pieces` (`null`) when they are sent
 */
function encodeInPlace(value, root, context, takesPieces) {
  if (busy) return encodeWith(new Encoder(), value, root, context, takesPieces);
  busy = true;
  try {
    return encodeWith(shared, value, root, context, takesPieces);
  } finally {
    busy = false;
  }
}

function encodeWith(encoder, value, root, context, takesPieces) {
  encoder.begin(context, takesPieces);
  try {
    encoder.byte(VERSION);
    encoder.value(value);
    if (encoder.deferred.length > 0) writeDeferred(encoder);
    return encoder;
  } catch (error) {
    const failure = failed(error);
    if (encoder.filled !== null) findDeferred(failure, encoder, value);
    encoder.pieces = null;
    throw publicError(failure, root);
  } finally {
    encoder.end();
  }
}

// Walks what lies around an object again, until it comes upon that object.
class Finder extends Encoder {
  object(object) {
    if (object === this.wanted) throw new Failure('is wanted');
    super.object(object);
  }
}

/** Completes the path of a failure in deferred contents, of which the way to the object that holds them is unknown. */
function findDeferred(failure, { filled, context }, value) {
  for (let entry = filled; entry !== null; entry = entry.parent) {
    const finder = new Finder();
    finder.begin(context, false);
    finder.wanted = entry.object;
    try {
      if (entry.parent === null) finder.value(value);
      else writeContents(finder, entry.parent);
    } catch (error) {
      failure.steps.push(...failed(error).steps);
    }
  }
}

function publicError(failure, root) {
  const path = pathOf(failure, root);
  const error = new SerializationError(`${path} ${failure.reason}`, { path, cause: failure.cause });
  Error.captureStackTrace(error, encodeInPlace);
  return error;
}

module.exports = { encode, encodeInPlace };
