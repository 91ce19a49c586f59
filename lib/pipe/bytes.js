'use strict';
// Messages that are bytes, as Python's send_bytes() and recv_bytes() have them.

const { isSharedArrayBuffer } = require('node:util/types');
const { checkInteger, invalidType, outOfRange } = require('../arguments');
const { BufferTooShortError, MultiprocError } = require('../errors');

/** The part of a view that is to be sent. */
function slice(call, view, { offset = 0, length }) {
  if (!ArrayBuffer.isView(view)) throw invalidType(call, 'view', 'a Buffer, TypedArray or DataView', view);
  checkInteger(call, 'offset', offset, 0, view.byteLength);
  const size =
    length === undefined ? view.byteLength - offset : checkInteger(call, 'length', length, 0, view.byteLength);
  if (offset + size > view.byteLength) {
    throw outOfRange(call, 'length', `at most ${view.byteLength - offset}, what is left behind the offset`, size);
  }
  const bytes = Buffer.from(view.buffer, view.byteOffset + offset, size);
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
    throw new MultiprocError(
      'ERR_MULTIPROC_DESERIALIZE',
      `${call}: the next message is a value and no bytes; recv() gets it`,
    );
  }
  if (maxLength === undefined || message.length <= maxLength) return message;
  throw new BufferTooShortError(`${call}: a message of ${message.length} bytes came, and ${maxLength} were allowed`, {
    bytes: message,
  });
}

/** The next message, when it is bytes, copied to its place. @returns {Promise<number>} how many bytes it had */
async function copyInto(view, offset = 0, receive, putBack) {
  const call = 'connection.recvBytesInto()';
  if (!ArrayBuffer.isView(view)) throw invalidType(call, 'view', 'a Buffer, TypedArray or DataView', view);
  checkInteger(call, 'offset', offset, 0, view.byteLength);
  const bytes = await bytesFor('recvBytesInto', undefined, receive, putBack);
  const room = view.byteLength - offset;
  if (bytes.length > room) {
    throw new BufferTooShortError(`${call}: a message of ${bytes.length} bytes came, and there is room for ${room}`, {
      bytes,
    });
  }
  bytes.copy(new Uint8Array(view.buffer, view.byteOffset + offset, room));
  return bytes.length;
}

module.exports = { slice, bytesFor, copyInto };
