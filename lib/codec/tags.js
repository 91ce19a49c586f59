'use strict';
// The wire format: one tag byte for each value, then what the tag says. Little endian; lengths are LEB128 varints.
//
// A message is VERSION, one value, the contents of what was deferred in it, and nothing after them. Objects are numbered in the order in which both sides meet
// them; REFERENCE names an earlier one. What depends on another object first (a view on its buffer, a multiproc
// object on its description) is numbered after it, so that a reference never meets something half-built.

const VERSION = 1;

// 0x00–0x7f   the integer itself
// 0x80–0xbf   a string of 0 to 63 Latin-1 characters
// 0xc0–0xdf   an object of one of the first 32 shapes of this message; its values follow
const SHORT_STRING = 0x80;
const SHAPE = 0xc0;
const SHAPE_COUNT_SHORT = 32;

const TAGS = Object.freeze({
  UNDEFINED: 0xe0,
  NULL: 0xe1,
  TRUE: 0xe2,
  FALSE: 0xe3,
  HOLE: 0xe4, //         no element here, no property after all; only inside arrays and shaped objects
  INTEGER: 0xe5, //      zigzag varint, 32 bits
  DOUBLE: 0xe6, //       8 bytes
  BIGINT64: 0xe7, //     8 bytes, two's complement
  BIGINT: 0xe8, //       sign byte, byte count, magnitude
  LATIN1: 0xe9, //       byte count, bytes
  UTF8: 0xea, //         byte count, bytes
  UTF16: 0xeb, //        byte count (even), bytes; the one that carries lone surrogates
  REFERENCE: 0xec, //    number of the object
  SHAPE_DEFINE: 0xed, // key count byte, byte count byte, keys (length byte, Latin-1); then the values
  SHAPE_LONG: 0xee, //   shape number, values
  OBJECT: 0xef, //       property count, (key, value) pairs
  NULL_OBJECT: 0xf0, //  the same, without a prototype
  ARRAY: 0xf1, //        length, elements
  ARRAY_TAIL: 0xf2, //   length, elements up to END, pair count, (index or key, value) pairs
  END: 0xf3,
  RUN_INT32: 0xf4, //    only as element: u32 count, then so many elements as int32
  RUN_DOUBLE: 0xf5, //   the same as doubles
  MAP: 0xf6, //          entry count, (key, value) pairs
  SET: 0xf7, //          entry count, values
  DATE: 0xf8, //         8 bytes
  REGEXP: 0xf9, //       source, flags
  BUFFER: 0xfa, //       byte count, bytes
  ARRAY_BUFFER: 0xfb, // byte count, bytes
  VIEW: 0xfc, //         view type byte, the buffer (a value), byte offset, length
  ERROR: 0xfd, //        error kind byte, see errors.js
  MULTIPROC: 0xfe, //    kind, index, generation, extra (a value)
  OTHER: 0xff, //        one of OTHERS
});

// The second byte after OTHER.
const OTHERS = Object.freeze({
  BOXED: 0, //             a primitive
  URL: 1, //               string
  URL_SEARCH_PARAMS: 2, // string
  PIECE_BUFFER: 4, //       place and byte count in the message's area: a Buffer's bytes
  PIECE_ARRAY_BUFFER: 5, // the same of an ArrayBuffer
  DEFERRED: 3, //          OBJECT, NULL_OBJECT, ARRAY, MAP, SET, or ERROR and the head of one; contents: see deferred.js
});

// From this level on, contents are written after the value instead of inside it, so that any depth travels. Well below
// what the stack holds: what one process sends is readable in another, however deep either already is in calls.
const DEPTH_DEFERRED = 500;
// Levels that a receiver accepts, and a sender where contents cannot wait: in the description of a multiproc object.
const DEPTH_MAX = 1000;

// From this size on the bytes of a buffer are no part of the message, where the way can carry pieces: they go straight
// into shared memory, and are used there. Each begins at a multiple of PIECE_ALIGN (src/channel/payload.rs).
const PIECE_MIN = 64 * 1024;
const PIECE_ALIGN = 64;

// What a value may take in memory for each byte of its message, beside MEMORY_BASE. The most that was seen is 207, for
// empty Buffers on Node.js 24: two bytes of message each. fuzz/ holds every decode to it.
const MEMORY_FACTOR = 256;
const MEMORY_BASE = 1024 * 1024;

// Bounds of what is written as a shape; an object beyond them is written key by key.
const SHAPE_KEYS_MAX = 32;
const SHAPE_BYTES_MAX = 255;

module.exports = {
  VERSION,
  SHORT_STRING,
  SHAPE,
  SHAPE_COUNT_SHORT,
  TAGS,
  OTHERS,
  DEPTH_DEFERRED,
  DEPTH_MAX,
  PIECE_MIN,
  PIECE_ALIGN,
  MEMORY_FACTOR,
  MEMORY_BASE,
  SHAPE_KEYS_MAX,
  SHAPE_BYTES_MAX,
};
