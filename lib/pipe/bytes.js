'use strict';
// Messages that are bytes, as Python's send_bytes() and recv_bytes() have them.

const { isAnyArrayBuffer, isSharedArrayBuffer } = require('node:util/types');
const { checkInteger, invalidType, outOfRange } = require('../arguments');
const { BufferTooShortError, MultiprocError } = require('../errors');

/** The bytes that a view, or a whole buffer, shows. */
function bytesOf(call, view) {
  if (ArrayBuffer.isView(view)) return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  if (isAnyArrayBuffer(view)) return Buffer.from(view);
  throw invalidType(call, 'view', 'a Buffer, typed array, DataView, ArrayBuffer or SharedArrayBuffer', view);
}

/** The part of a view that is to be sent. */
function slice(call, source, { offset = 0, length }) {
  const view = bytesOf(call, source);
  checkInteger(call, 'offset', offset, 0, view.byteLength);
  const size =
    length === undefined ? view.byteLength - offset : checkInteger(call, 'length', length, 0, view.byteLength);
  if (offset + size > view.byteLength) {
    throw outOfRange(call, 'length', `at most ${view.byteLength - offset}, what is left behind the offset`, size);
  }
  const bytes = view.subarray(offset, offset + size);
  // Shared memory would travel as itself: what is sent is what it holds now.
  return isSharedArrayBuffer(view.buffer) ? Buffer.from(bytes) : bytes;
}

/**
 * The next message, when it is bytes. One that is something else is left for recv().
 *
 * @param {number | undefined} maxLength
 * @param {() => Promise<unknown>} receive
 * @param {unknown[]} putBack
 */
async function bytesFor(method, maxLength, receive, putBack) {
  const call = `connection.${method}()`;
  if (maxLength !== undefined) checkInteger(call, 'maxLength', maxLength, 0, Number.MAX_SAFE_INTEGER);
  const message = await receive();
  if (!Buffer.isBuffer(message)) {
    putBack.unshift(message);
    throw noBytes(method);
  }
  return atMost(maxLength, method, message);
}

/** The next message, when it is bytes, copied to its place. @returns {Promise<number>} how many bytes it had */
async function copyInto(target, offset = 0, receive, putBack) {
  const call = 'connection.recvBytesInto()';
  const view = bytesOf(call, target);
  checkInteger(call, 'offset', offset, 0, view.byteLength);
  const bytes = await bytesFor('recvBytesInto', undefined, receive, putBack);
  return copyTo(view, offset, bytes);
}

/** @returns {number} how many bytes */
function copyTo(view, offset, bytes) {
  const room = view.length - offset;
  if (bytes.length > room) throw tooShort('recvBytesInto', bytes, `there is room for ${room}`);
  view.set(bytes, offset);
  return bytes.length;
}

function tooShort(method, bytes, what) {
  return new BufferTooShortError(`connection.${method}(): a message of ${bytes.length} bytes came, and ${what}`, {
    bytes,
  });
}

/** @returns {Buffer} the message, unless it is longer */
function atMost(maxLength, method, bytes) {
  if (maxLength === undefined || bytes.length <= maxLength) return bytes;
  throw tooShort(method, bytes, `${maxLength} were allowed`);
}

function noBytes(method) {
  return new MultiprocError(
    'ERR_MULTIPROC_DESERIALIZE',
    `connection.${method}(): the next message is a value and no bytes; recv() gets it`,
  );
}

module.exports = { atMost, bytesFor, bytesOf, copyInto, copyTo, noBytes, slice };
