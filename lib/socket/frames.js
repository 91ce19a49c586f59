'use strict';
// Frames on a stream of bytes: four bytes of length (little endian), one byte of type, the content.
//
// A length is believed only up to `limit`, and room is set aside only as content comes: a header alone costs no memory.

const HEADER_BYTES = 5;
/** Contents up to here get their room at once, larger ones twice as much each time it is full. */
const FIRST_ROOM_MAX = 1024 * 1024;

const FRAME = Object.freeze({
  value: 0,
  bytes: 1,
  hello: 2,
  proof: 3,
  refused: 4,
});

/** @returns {Buffer} a frame with a copy of the content */
function frameOf(type, content) {
  const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + content.byteLength);
  frame.writeUInt32LE(content.byteLength, 0);
  frame[4] = type;
  frame.set(content, HEADER_BYTES);
  return frame;
}

class FrameReader {
  /** The longest content that is taken. */
  limit;
  /** Called with each frame. @type {(type: number, content: Buffer) => void} */
  onFrame;
  /** Called, once, when a frame is longer than that; nothing is read any more. @type {(length: number) => void} */
  onTooLong;
  #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** Of the frame that is being read. */
  #length = 0;
  #content = null;
  #contentBytes = 0;
  #stopped = false;

  /** Whether the stream stands inside of a frame. */
  get isPartial() {
    return this.#headerBytes > 0;
  }

  get isStopped() {
    return this.#stopped;
  }

  /** Whatever comes is dropped from now on. */
  stop() {
    this.#stopped = true;
    this.#headerBytes = 0;
    this.#content = null;
  }

  /** @param {Buffer} chunk bytes of the stream; not kept */
  push(chunk) {
    let position = 0;
    while (position < chunk.length && !this.#stopped) {
      position += this.#content === null ? this.#readHeader(chunk, position) : this.#readContent(chunk, position);
    }
  }

  #readHeader(chunk, position) {
    const count = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - position);
    chunk.copy(this.#header, this.#headerBytes, position, position + count);
    this.#headerBytes += count;
    if (this.#headerBytes < HEADER_BYTES) return count;
    this.#length = this.#header.readUInt32LE(0);
    if (this.#length > this.limit) {
      this.stop();
      this.onTooLong(this.#length);
      return count;
    }
    this.#content = Buffer.allocUnsafeSlow(Math.min(this.#length, FIRST_ROOM_MAX));
    this.#contentBytes = 0;
    if (this.#length === 0) this.#finish();
    return count;
  }

  #readContent(chunk, position) {
    const count = Math.min(this.#length - this.#contentBytes, chunk.length - position);
    const needed = this.#contentBytes + count;
    if (needed > this.#content.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#length, Math.max(needed, this.#content.length * 2)));
      this.#content.copy(larger, 0, 0, this.#contentBytes);
      this.#content = larger;
    }
    chunk.copy(this.#content, this.#contentBytes, position, position + count);
    this.#contentBytes = needed;
    if (needed === this.#length) this.#finish();
    return count;
  }

  #finish() {
    const content = this.#content;
    this.#content = null;
    this.#headerBytes = 0;
    this.onFrame(this.#header[4], content);
  }
}

module.exports = { FRAME, FrameReader, frameOf };
