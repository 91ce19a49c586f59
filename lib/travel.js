'use strict';
// How multiproc's own objects travel inside messages: as handles, with a reference that is counted while on its way.
//
// A class that travels has a method [travel]() that ships one reference and returns { kind, index, generation, extra };
// and it registers, under its kind, how the receiver revives it. Kinds below 100 are blocks of the domain
// (src/memory/directory.rs), from 100 on compositions of others whose parts travel in `extra`.

const { isSharedArrayBuffer } = require('node:util/types');
const codec = require('./codec');
const native = require('./binding');
const { Failure } = require('./codec/path');
const { MultiprocError, SerializationError } = require('./errors');

const travel = Symbol.for('multiproc.travel');
const KIND = Object.freeze({
  buffer: 1,
  lock: 2,
  semaphore: 3,
  barrier: 4,
  rlock: 9,
  boundedSemaphore: 10,
  condition: 11,
  event: 12,
  rwLock: 13,
  latch: 14,
  once: 15,
  queue: 16,
  pipeEnd: 17,
  value: 101,
  array: 102,
  monitor: 103,
  connection: 104,
});
const BLOCK_KINDS = 100;

/**
 * Counts how many of our objects JSON.stringify has met: a message with one of them cannot go as JSON.
 * Every class that travels has `toJSON: met`.
 */
const jsonMeetings = { count: 0 };
function met() {
  jsonMeetings.count += 1;
  return null;
}

/** @type {Map<number, (index: number, generation: number, extra: unknown) => object>} */
const revivers = new Map();
let describeBuffer = () => null;

function onRevive(kind, revive) {
  revivers.set(kind, revive);
}

/** @param {(buffer: SharedArrayBuffer) => object | null} describe */
function onBuffer(describe) {
  describeBuffer = describe;
}

/** The references that the last `pack` has shipped, should its message not be sent. */
let shipped = [];

const sending = {
  describe(object) {
    const description = isSharedArrayBuffer(object) ? describeBuffer(object) : (object[travel]?.() ?? null);
    if (description !== null && description.kind < BLOCK_KINDS) shipped.push(description);
    return description;
  },
};

/** For a receiver that has another domain. */
const sendingAbroad = {
  describe(object) {
    const isShared = isSharedArrayBuffer(object);
    if (!isShared && object[travel] === undefined) return null;
    const what = isShared ? 'a SharedArrayBuffer' : `shared memory of this family (${object.constructor.name})`;
    throw new Failure(`is ${what}, and the peer is of another family`);
  },
};

const receiving = {
  revive(kind, index, generation, extra) {
    // A program that has received none of our objects yet has not loaded their classes either.
    if (!revivers.has(kind)) require('./objects');
    const revive = revivers.get(kind);
    if (revive === undefined) {
      throw new MultiprocError('ERR_MULTIPROC_DESERIALIZE', `a message holds an object of the unknown kind ${kind}`);
    }
    return revive(index, generation, extra);
  },
};

/**
 * @param {unknown} value
 * @param {string} root what the user's part of the value is called in errors
 * @param {string} [inside] where in the value that part is, as in '[2]'
 * @returns {Uint8Array} the message; valid until the next call
 */
function pack(value, root, inside = '') {
  const { bytes, pos } = packInPlace(value, root, inside, false);
  return bytes.subarray(0, pos);
}

/**
 * The same, as the codec's encodeInPlace() gives it.
 * @param {unknown} value
 * @param {string} root
 * @param {string} inside
 * @param {boolean} takesPieces whether large buffers may go beside the message
 */
function packInPlace(value, root, inside, takesPieces) {
  shipped = [];
  try {
    return codec.encodeInPlace(value, root, sending, takesPieces);
  } catch (error) {
    takeBack();
    throw inside === '' ? error : withoutWrapping(error, root, inside);
  }
}

// The user knows nothing of the message that his value was put in.
function withoutWrapping(error, root, inside) {
  const wrapped = `${root}${inside}`;
  if (!(error instanceof SerializationError) || !error.path.startsWith(wrapped)) return error;
  const path = root + error.path.slice(wrapped.length);
  return new SerializationError(path + error.message.slice(error.path.length), { path, cause: error.cause });
}

/** The message of the last `pack` was not sent: its references end. */
function takeBack() {
  giveBack(takeShipped());
}

/** The references of the last `pack`, which are the caller's from now on: kind, index, generation, …; undefined: none. */
function takeShipped() {
  if (shipped.length === 0) return undefined;
  const numbers = shipped.flatMap(({ kind, index, generation }) => [kind, index, generation]);
  shipped = [];
  return numbers;
}

/** Ends references of a message that was not sent. @param {number[] | undefined} numbers as of takeShipped() */
function giveBack(numbers = []) {
  for (let at = 0; at < numbers.length; at += 3) native.unship(numbers[at], numbers[at + 1], numbers[at + 2]);
}

/** As `pack`, for a process that is not of this family: none of our own objects can go there. */
function packAbroad(value, root) {
  return codec.encode(value, { root, context: sendingAbroad });
}

/** What such a process has packed. */
function unpackFromAbroad(bytes) {
  return codec.decode(bytes);
}

/** Of a message's bytes: the ArrayBuffer with its large pieces, if it has some. */
const area = Symbol('area');
/** All of them that there are. @type {WeakSet<ArrayBuffer>} */
const areas = new WeakSet();

/** @param {Uint8Array} bytes @param {number} [length] of the message at their beginning; all of them unless given */
function unpack(bytes, length) {
  if (bytes[area] !== undefined) areas.add(bytes[area]);
  return codec.decode(bytes, { context: receiving, length, area: bytes[area] });
}

/**
 * A message that was packed and will never be read: the references inside it end. Reviving it takes them over, and the
 * collector drops them.
 */
function discard(bytes) {
  if (bytes === undefined) return;
  try {
    codec.decode(bytes, { context: receiving, area: null });
  } catch {
    // What cannot be read holds nothing that could be released.
  }
}

module.exports = {
  area,
  areas,
  travel,
  met,
  jsonMeetings,
  KIND,
  onRevive,
  onBuffer,
  pack,
  packInPlace,
  packAbroad,
  unpack,
  unpackFromAbroad,
  takeBack,
  takeShipped,
  giveBack,
  discard,
};
