'use strict';
// One end of a native channel (src/channel/endpoint.rs): messages in, messages out, and the news that the peer is gone.

const { setImmediate } = require('node:timers');
const native = require('../binding');
const runtime = require('../runtime');
const { area, discard, pack, packInPlace, takeBack } = require('../travel');

/** Message types: text, or a value in the codec's bytes. */
const TEXT = 0;
const VALUE = 1;
/** As VALUE; a descriptor goes with it, on a way of its own. */
const HANDLE = 2;
/** Eight bytes: the number of such a descriptor, which was taken. */
const TAKEN = 3;
/** Text of one byte a character, in a batch; src/binding/channel.rs knows these as well. */
const ASCII = 0x100;
const HEADER = 8;
const TOO_LARGE = -1;
/** Of what is received at once. Larger messages come one by one. */
const BATCH_BYTES = 32 * 1024;
/** Where short text is written before it is sent. */
const outgoing = Buffer.allocUnsafeSlow(16 * 1024);
/** A character of UTF-16 takes so many bytes in UTF-8 at most. */
const UTF8_MAX = 3;
const { latin1Slice, utf8Slice, utf8Write } = Buffer.prototype;

class Channel {
  #id;
  #onMessage;
  #onEnd;
  #onFailure;
  #shut = false;
  #closed = false;
  /** Messages that are being delivered, as the addon copies them; where the next one is, and where they end. */
  #batch = null;
  #position = 0;
  #end = 0;

  /** @param {number} id the runtime's number of this end */
  constructor(id) {
    this.#id = id;
    runtime.channels.set(id, { readable: () => this.#drain(), ended: () => this.#onEnd() });
  }

  /** @returns {{ channel: Channel, address: string }} a new channel, and what its other end opens */
  static create() {
    const [id, index, generation] = native.createChannel(runtime.open());
    return { channel: new Channel(id), address: `${index}:${generation}` };
  }

  /** @param {string} address */
  static open(address) {
    const [index, generation] = address.split(':').map(Number);
    return new Channel(native.openChannel(runtime.open(), index, generation));
  }

  /**
   * Begins to read.
   *
   * @param {(type: number, content: string | Buffer) => void} onMessage bytes are valid until the next message
   * @param {() => void} onEnd the peer has closed or died, and all it had sent was read
   * @param {boolean} referenced whether the channel keeps the event loop alive
   * @param {(error: Error) => void} [onFailure] the memory makes no sense, as a peer has left it: nothing more will be read.
   *   Without it that is thrown, to the event loop or by `flush()`
   */
  listen(onMessage, onEnd, referenced, onFailure) {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#onFailure = onFailure;
    native.setChannel(this.#id, true, referenced);
  }

  setReferenced(referenced) {
    if (!this.#shut) native.setChannel(this.#id, true, referenced);
  }

  /** What comes by it makes none of the program's own waits end: a deadlock is one in spite of it. */
  setInternal() {
    native.setChannelInternal(this.#id);
  }

  /** Sends text. @returns {number} bytes that the peer has not read yet */
  sendText(text) {
    if (text.length * UTF8_MAX > outgoing.length) return native.channelSendText(this.#id, text);
    return native.channelSend(this.#id, TEXT, outgoing, utf8Write.call(outgoing, text, 0, outgoing.length));
  }

  /** Sends a value of any kind. @returns {number} bytes that the peer has not read yet */
  sendValue(value, root, inside) {
    const packed = packInPlace(value, root, inside ?? '', true);
    const { bytes, pos, pieces } = packed;
    try {
      if (pieces.length === 0) return native.channelSend(this.#id, VALUE, bytes, pos);
      packed.pieces = null;
      return native.channelSendPieces(this.#id, VALUE, bytes, pos, pieces);
    } catch (error) {
      takeBack();
      throw error;
    }
  }

  /**
   * Sends a value with which a descriptor goes, once `goAhead` has sent that.
   *
   * @param {() => boolean} goAhead false: not now, and nothing is sent
   * @returns {number} bytes that the peer has not read yet; -1: not now
   */
  sendWithHandle(value, root, inside, goAhead) {
    const bytes = pack(value, root, inside);
    let isSent = false;
    try {
      if (!goAhead()) return -1;
      const backlog = native.channelSend(this.#id, HANDLE, bytes, bytes.length);
      isSent = true;
      return backlog;
    } finally {
      if (!isSent) takeBack();
    }
  }

  /** Tells the peer that its descriptor was taken. @param {number} number */
  sendTaken(number) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(number);
    native.channelSend(this.#id, TAKEN, bytes, bytes.length);
  }

  /**
   * A pool worker's answer to a task: bytes of `value` after the task's number, as a message of type `status`. From then
   * on the worker has no task.
   */
  answer(queue, status, task, value) {
    const bytes = pack(value, 'result');
    try {
      native.answerTask(queue, this.#id, status, task, bytes, bytes.length);
    } catch (error) {
      takeBack();
      throw error;
    }
  }

  /** Reads what is there without waiting for the event loop. @returns {Array<[number, string | Buffer]>} */
  receiveNow() {
    const messages = [];
    for (;;) {
      const message = this.#shut ? [] : native.channelReceiveOne(this.#id);
      if (message.length === 0) return messages;
      messages.push(withArea(message));
    }
  }

  /** Delivers what is there now, as the event loop would. */
  flush() {
    while (this.#drain());
  }

  /** The peer is dead, or never came and never will: the references inside messages that it has not read end. */
  discardUndelivered() {
    if (this.#closed) return;
    native.refuseChannelPeer(this.#id);
    this.#takeBack();
  }

  /**
   * Nothing is sent or received here any more; the peer finds the end behind what was sent. What it has not read when it
   * dies is found by `close()`, which must follow: then, or when this end is no longer wanted at all.
   */
  shut() {
    if (this.#shut) return;
    try {
      for (const [type, content] of this.receiveNow()) if (type !== TEXT) discard(content);
    } catch {
      // What makes no sense holds nothing that could be released.
    }
    this.#shut = true;
    native.shutChannel(this.#id);
  }

  close() {
    if (this.#closed) return;
    this.shut();
    this.#takeBack();
    this.#closed = true;
    runtime.channels.delete(this.#id);
    native.closeChannel(this.#id);
  }

  // What nobody can read any more, if the peer has closed before us or is dead. Otherwise it finds what we leave.
  #takeBack() {
    for (;;) {
      const messages = native.channelTakeBack(this.#id);
      if (messages.length === 0) return;
      messages.forEach(discard);
    }
  }

  // One batch a turn: a sender that is faster than we are does not keep timers and other sources from their turn.
  #drain() {
    this.#deliver();
    if (this.#shut) return false;
    this.#batch ??= new Batch();
    let used;
    let large;
    try {
      used = native.channelReceive(this.#id, this.#batch.bytes);
      if (used === TOO_LARGE) large = withArea(native.channelReceiveOne(this.#id));
    } catch (error) {
      if (this.#onFailure === undefined) throw error;
      this.#onFailure(error);
      return false;
    }
    if (large !== undefined) {
      this.#onMessage(...large);
      return true;
    }
    [this.#position, this.#end] = [0, used];
    this.#deliver();
    return used > 0;
  }

  // A listener that throws costs its own message, not those behind it.
  #deliver() {
    try {
      while (this.#position < this.#end) {
        const { words, bytes } = this.#batch;
        const [type, length] = [words[this.#position >> 2], words[(this.#position >> 2) + 1]];
        const start = this.#position + HEADER;
        this.#position = start + ((length + 7) & ~7);
        if (type === ASCII) this.#onMessage(TEXT, latin1Slice.call(bytes, start, start + length));
        else if (type === TEXT) this.#onMessage(TEXT, utf8Slice.call(bytes, start, start + length));
        else this.#onMessage(type, bytes.subarray(start, start + length));
      }
    } finally {
      if (this.#position < this.#end) setImmediate(() => this.#drain());
    }
  }
}

/** A message's type and content, which knows its area. */
function withArea(message) {
  if (message.length > 2) message[1][area] = message[2];
  return message;
}

/** Where the addon copies messages to. */
class Batch {
  bytes = Buffer.allocUnsafeSlow(BATCH_BYTES);
  words = new Uint32Array(this.bytes.buffer);
}

module.exports = { Channel, TEXT, HANDLE, TAKEN };
