'use strict';
// Large buffers travel beside their message: in pieces, which lie one after the other in its area.

const test = require('ava');
const { decode, encode, encodeInPlace } = require('../../lib/codec');
const { PIECE_ALIGN, PIECE_MIN } = require('../../lib/codec/tags');

/** The message and the area that a receiver has of a value. */
function sent(value) {
  const packed = encodeInPlace(value, 'value', undefined, true);
  const { bytes, pos, pieces } = packed;
  packed.pieces = null;
  let size = 0;
  const places = pieces.map((piece) => {
    const place = Math.ceil(size / PIECE_ALIGN) * PIECE_ALIGN;
    size = place + piece.length;
    return place;
  });
  const area = new ArrayBuffer(size);
  for (const [index, piece] of pieces.entries()) new Uint8Array(area).set(piece, places[index]);
  return { message: Buffer.from(bytes.subarray(0, pos)), area, count: pieces.length };
}

function through(value) {
  const { message, area } = sent(value);
  return decode(message, { area });
}

const filled = (size, byte) => Buffer.alloc(size, byte);

test('buffers_below_the_limit_are_part_of_the_message_and_others_are_not', (t) => {
  const small = sent({ a: filled(PIECE_MIN - 1, 1) });
  t.deepEqual([small.count, small.message.length > PIECE_MIN], [0, true]);
  const large = sent({ a: filled(PIECE_MIN, 1) });
  t.deepEqual([large.count, large.message.length < 100], [1, true]);
});

test('one_large_buffer_of_each_kind_arrives_as_what_it_was_and_is_the_area_itself', (t) => {
  const size = PIECE_MIN + 24;
  const buffer = filled(size, 5);
  const found = through(buffer);
  t.true(Buffer.isBuffer(found) && found.equals(buffer));
  const floats = Float64Array.from({ length: size / 8 }, (_, index) => index / 3);
  t.deepEqual(through(floats), floats);
  t.is(through(floats).buffer.byteLength, floats.byteLength);
  const { message, area } = sent(floats.buffer);
  t.is(decode(message, { area }), area);
});

test('several_large_buffers_keep_their_bytes_their_sharing_and_their_identity', (t) => {
  const memory = new ArrayBuffer(PIECE_MIN + 7);
  new Uint8Array(memory).fill(3);
  const bytes = filled(PIECE_MIN + 1, 9);
  const value = {
    bytes,
    again: bytes,
    views: [new Uint8Array(memory), new DataView(memory, 4, 8)],
    other: filled(PIECE_MIN * 3, 4),
    small: filled(10, 1),
  };
  const found = through(value);
  t.deepEqual(found, value);
  t.is(found.bytes, found.again);
  t.is(found.views[0].buffer, found.views[1].buffer);
  t.is(found.views[0].buffer.byteLength, memory.byteLength);
  found.bytes.fill(0);
  t.true(found.other.equals(value.other));
});

test('where_no_pieces_are_taken_the_bytes_are_in_the_message', (t) => {
  const value = { bytes: filled(PIECE_MIN * 2, 7) };
  t.deepEqual(decode(encode(value)), value);
});

test('pieces_without_an_area_or_beyond_it_are_refused', (t) => {
  const { message, area } = sent([filled(PIECE_MIN, 1), new ArrayBuffer(PIECE_MIN)]);
  t.throws(() => decode(message), { code: 'ERR_MULTIPROC_DESERIALIZE', message: /outside the area/ });
  t.throws(() => decode(message, { area: area.slice(1) }), { code: 'ERR_MULTIPROC_DESERIALIZE' });
  for (let length = 0; length < message.length; length += 1) {
    t.throws(() => decode(message.subarray(0, length), { area }), { code: 'ERR_MULTIPROC_DESERIALIZE' });
  }
});

test('who_throws_a_message_away_needs_no_area', (t) => {
  const { message } = sent({ bytes: filled(PIECE_MIN, 1), memory: new ArrayBuffer(PIECE_MIN), last: 1 });
  const found = decode(message, { area: null });
  t.deepEqual([found.bytes.length, found.memory.byteLength, found.last], [0, 0, 1]);
});

test('a_value_that_cannot_travel_leaves_no_pieces_behind', (t) => {
  t.throws(() => encodeInPlace([filled(PIECE_MIN, 1), () => {}], 'value', undefined, true), {
    code: 'ERR_MULTIPROC_SERIALIZE',
  });
  t.is(sent(1).count, 0);
});
