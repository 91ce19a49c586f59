'use strict';
// What a stream of a child brings, up to a number of bytes. The piece that goes beyond is cut there, and told once.

class Collected {
  #stream;
  #chunks = [];
  #length = 0;

  /**
   * @param {import('node:stream').Readable | null} stream null when the child has no such pipe
   * @param {number | null | undefined} maxBuffer bytes; compared as Node.js does: null is 0, undefined no limit
   * @param {() => void} onOverflow
   */
  constructor(stream, maxBuffer, onOverflow) {
    this.#stream = stream;
    stream?.on('data', (chunk) => {
      const { readableEncoding } = stream;
      const length = readableEncoding ? Buffer.byteLength(chunk, readableEncoding) : chunk.length;
      this.#length += length;
      if (!(this.#length > maxBuffer)) {
        this.#chunks.push(chunk);
        return;
      }
      this.#chunks.push(chunk.slice(0, maxBuffer - (this.#length - length)));
      onOverflow();
    });
  }

  /** @returns {string | Buffer} text, when the stream has an encoding or one was asked for */
  content(isText) {
    return isText || this.#stream?.readableEncoding ? this.#chunks.join('') : Buffer.concat(this.#chunks);
  }
}

module.exports = { Collected };
