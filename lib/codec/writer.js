'use strict';
// Growing bytes with a cursor: integers, doubles, strings. Knows nothing of objects.
//
// Invariant: between two calls there are always SLACK bytes of room after the cursor, so that a tag with a number,
// or a short string with its tag, is written without asking. Whoever writes more calls reserve() first.

const { TAGS, SHORT_STRING } = require('./tags');

const { INTEGER, DOUBLE, LATIN1, UTF8, UTF16 } = TAGS;
const { utf8Write, latin1Write, ucs2Write } = Buffer.prototype;

const SLACK = 96;
const FIRST_SIZE = 16 * 1024;
const KEPT_SIZE_MAX = 4 * 1024 * 1024;
const SHORT_STRING_MAX = 63;

class Writer {
  constructor() {
    this.pos = 0;
    this.allocate(FIRST_SIZE);
  }

  allocate(size) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.limit = size - SLACK;
  }

  // A scratch buffer that one huge message made huge goes with that message.
  rewind() {
    this.pos = 0;
    if (this.bytes.length > KEPT_SIZE_MAX) this.allocate(FIRST_SIZE);
  }

  reserve(count) {
    if (this.pos + count > this.limit) this.grow(count);
  }

  grow(count) {
    const old = this.bytes;
    this.allocate(Math.max(old.length * 2, this.pos + count + SLACK));
    old.copy(this.bytes, 0, 0, this.pos);
  }

  byte(value) {
    this.bytes[this.pos++] = value;
    if (this.pos > this.limit) this.grow(0);
  }

  varint(value) {
    while (value >= 0x80) {
      this.bytes[this.pos++] = (value % 0x80) | 0x80;
      value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 0x80);
    }
    this.bytes[this.pos++] = value;
    if (this.pos > this.limit) this.grow(0);
  }

  double(value) {
    this.view.setFloat64(this.pos, value, true);
    this.pos += 8;
    if (this.pos > this.limit) this.grow(0);
  }

  number(value) {
    // The second half keeps −0 out: it is a double.
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= 0 && value < 0x80) {
        this.byte(value);
      } else {
        this.bytes[this.pos++] = INTEGER;
        this.varint(((value << 1) ^ (value >> 31)) >>> 0);
      }
    } else {
      this.bytes[this.pos++] = DOUBLE;
      this.double(value);
    }
  }

  string(text) {
    const length = text.length;
    if (length <= SHORT_STRING_MAX) {
      const { bytes, pos } = this;
      let seen = 0;
      bytes[pos] = SHORT_STRING | length;
      for (let i = 0; i < length; i++) {
        const unit = text.charCodeAt(i);
        seen |= unit;
        bytes[pos + 1 + i] = unit;
      }
      if (seen < 0x100) {
        this.pos = pos + 1 + length;
        if (this.pos > this.limit) this.grow(0);
        return;
      }
    }
    this.longString(text, length);
  }

  // The count of UTF-8 bytes tells what the text is: as many as characters is ASCII, which one copy writes and reads.
  longString(text, length) {
    const size = Buffer.byteLength(text);
    if (size === length) {
      this.header(LATIN1, size);
      latin1Write.call(this.bytes, text, this.pos, size);
      this.pos += size;
    } else if (size < length * 1.5 && text.isWellFormed()) {
      this.header(UTF8, size);
      utf8Write.call(this.bytes, text, this.pos, size);
      this.pos += size;
    } else {
      this.header(UTF16, length * 2);
      ucs2Write.call(this.bytes, text, this.pos, length * 2);
      this.pos += length * 2;
    }
  }

  /** Tag and byte count, with room for so many bytes after them. */
  header(tag, size) {
    this.reserve(size + 16);
    this.bytes[this.pos++] = tag;
    this.varint(size);
  }

  /** A byte count and the bytes of a Uint8Array of that size. */
  block(source, size) {
    this.reserve(size + 16);
    this.varint(size);
    this.bytes.set(source, this.pos);
    this.pos += size;
  }
}

module.exports = { Writer };
