'use strict';
// Values in and out of a native queue (src/queue): the one place where queues and pipes pack and unpack.

const native = require('../binding');
const { deadline } = require('../sync/deadline');
const { TIMED_OUT } = require('../sync/outcome');
const { area, giveBack, packInPlace, takeShipped, unpack } = require('../travel');

// What queuePut() and queueGet() return; src/binding/queue.rs has the same numbers. A native queue's `index` and
// `generation` are what they name it by.
const DONE = 0;
const FULL = 1;
const CLOSED = 2;
const GONE = 3;
const NOTHING = -1;
const END = -2;
const LARGE = -3;

const NO_END = [2 ** 32 - 1, 0];
const NO_REFERENCES = new Uint8Array(0);

/** In place of an item. */
const EMPTY = Symbol('empty');
const ENDED = Symbol('ended');

/** Where small items are copied to before they are read; nothing that is read shows on it. */
const scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** A value that is on its way into a queue: packed once, whatever becomes of the value meanwhile. */
class Parcel {
  #bytes;
  #length;
  /** Large buffers, which go beside it. */
  #pieces;
  #references;

  /** @param {boolean} [takesPieces] whether the queue has items with pieces */
  constructor(value, root, takesPieces = true) {
    const packed = packInPlace(value, root, '', takesPieces);
    [this.#bytes, this.#length, this.#pieces] = [packed.bytes, packed.pos, packed.pieces];
    packed.pieces = null;
    this.#references = takeShipped();
  }

  /**
   * @param {[number, number]} [end] of a pipe, that must be somebody's: else it is GONE
   * @param {number} [priority] for a queue by priority
   * @returns {typeof DONE | typeof FULL | typeof CLOSED | typeof GONE}
   */
  put({ index, generation }, end = NO_END, priority = 0) {
    const references = this.#references === undefined ? NO_REFERENCES : bytesOf(this.#references);
    const [bytes, length, pieces] = [this.#bytes, this.#length, this.#pieces];
    const result =
      pieces === null || pieces.length === 0
        ? native.queuePut(index, generation, bytes, length, end[0], end[1], priority, references)
        : native.queuePutPieces(index, generation, bytes, length, end[0], end[1], references, pieces);
    if (result === DONE) this.#references = undefined;
    return result;
  }

  /** It has to wait: the bytes are the packer's, and written over by the next one, and the pieces are the user's. */
  keep() {
    this.#bytes = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#pieces = this.#pieces?.map((piece) => Uint8Array.prototype.slice.call(piece)) ?? null;
  }

  /** It was not put: what it refers to is not kept by it any more. */
  discard() {
    giveBack(this.#references);
    this.#references = undefined;
  }
}

const bytesOf = (numbers) => new Uint8Array(Uint32Array.from(numbers).buffer);

/** @returns {unknown} the next value, EMPTY or ENDED */
function take(queue) {
  const found = native.queueGet(queue.index, queue.generation, scratch);
  if (found >= 0) return unpack(scratch, found);
  if (found === NOTHING) return EMPTY;
  return found === LARGE ? unpackKept() : ENDED;
}

function unpackKept() {
  const [bytes, itsArea] = native.takeGotItem();
  bytes[area] = itsArea;
  return unpack(bytes);
}

/**
 * Puts, and waits while it is full.
 *
 * @param {(left: number) => Promise<number>} wait until there is room, or something else to be seen
 * @param {(parcel: Parcel) => number} [attempt]
 * @returns {Promise<number>} DONE, FULL when the time is over, or what else `attempt` says
 */
async function putWaiting(parcel, limit, wait, attempt) {
  const left = deadline(limit);
  parcel.keep();
  for (;;) {
    const outcome = await wait(left());
    const result = attempt(parcel);
    if (result !== FULL || outcome === TIMED_OUT) return result;
  }
}

/** The same, blocking. @param {(left: number) => number} wait */
function putWaitingSync(parcel, limit, wait, attempt) {
  const left = deadline(limit);
  parcel.keep();
  for (;;) {
    const outcome = wait(left());
    const result = attempt(parcel);
    if (result !== FULL || outcome === TIMED_OUT) return result;
  }
}

/**
 * Takes, and waits while there is nothing.
 *
 * @param {(left: number) => Promise<number>} wait until there is something to be seen
 * @param {() => unknown} attempt EMPTY: there was nothing
 */
async function takeWaiting(limit, wait, attempt) {
  const left = deadline(limit);
  for (;;) {
    const outcome = await wait(left());
    const found = attempt();
    if (found !== EMPTY || outcome === TIMED_OUT) return found;
  }
}

/** The same, blocking. @param {(left: number) => number} wait */
function takeWaitingSync(limit, wait, attempt) {
  const left = deadline(limit);
  for (;;) {
    const outcome = wait(left());
    const found = attempt();
    if (found !== EMPTY || outcome === TIMED_OUT) return found;
  }
}

module.exports = {
  DONE,
  FULL,
  CLOSED,
  GONE,
  EMPTY,
  ENDED,
  NOTHING,
  END,
  Parcel,
  take,
  putWaiting,
  putWaitingSync,
  takeWaiting,
  takeWaitingSync,
};
