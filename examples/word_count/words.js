'use strict';
// Cuts UTF-8 bytes into lower-cased words. A word is a run of letters (with their combining marks) of at most MAX_BYTES
// bytes; longer runs are no words (base64, minified data) and are left out.
//
// It keeps its state between calls of push(), so a word may go across the border of two pieces. ASCII, nearly all of the
// input, is handled byte by byte without making strings. A run with other bytes in it is decoded and looked at properly;
// since only ASCII ends a run, no character is ever cut.

const MAX_BYTES = 64;
const MAX_RUN_BYTES = 4096;
const FNV_BASIS = 0x811c9dc5 | 0; // as an i32, which is what Math.imul makes
const FNV_PRIME = 0x01000193;

// 0 for what ends a run, else the byte to keep: letters in lower case, and everything that is not ASCII.
const KEPT = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return byte;
  const character = String.fromCharCode(byte).toLowerCase();
  return character >= 'a' && character <= 'z' ? character.charCodeAt(0) : 0;
});
/** A Buffer as the pieces are: with two kinds of array, push() would compile to slower code. */
const SEPARATOR = Buffer.of(0);
const WORD = /\p{L}[\p{L}\p{M}]*/gu;

class Words {
  #found;
  #run = new Uint8Array(MAX_RUN_BYTES);
  #length = 0;
  #hash = FNV_BASIS;
  #bits = 0;

  /** @param {(bytes: Uint8Array, length: number, hash: number) => void} found called for each word; copies what it keeps */
  constructor(found) {
    this.#found = found;
  }

  push(bytes, count) {
    const run = this.#run;
    let length = this.#length;
    let hash = this.#hash;
    let bits = this.#bits;
    for (let i = 0; i < count; i += 1) {
      const byte = KEPT[bytes[i]];
      if (byte !== 0) {
        if (length < MAX_RUN_BYTES) run[length] = byte;
        length += 1;
        bits |= byte;
        hash = Math.imul(hash ^ byte, FNV_PRIME);
      } else if (length !== 0) {
        if (bits >= 0x80) this.#decode(length);
        else if (length <= MAX_BYTES) this.#found(run, length, hash);
        length = 0;
        hash = FNV_BASIS;
        bits = 0;
      }
    }
    this.#length = length;
    this.#hash = hash;
    this.#bits = bits;
  }

  /** The text has ended, and with it a word. */
  end() {
    this.push(SEPARATOR, 1);
  }

  #decode(length) {
    if (length > MAX_RUN_BYTES) return;
    const text = Buffer.from(this.#run.buffer, 0, length).toString('utf8').toLowerCase();
    for (const [word] of text.matchAll(WORD)) {
      const bytes = Buffer.from(word);
      if (bytes.length <= MAX_BYTES) this.#found(bytes, bytes.length, hashOf(bytes));
    }
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes) {
  let hash = FNV_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash;
}

module.exports = { Words, hashOf, MAX_BYTES };
