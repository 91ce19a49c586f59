'use strict';
// One end of a native channel (src/channel/endpoint.rs): messages in, messages out, and the news that the peer is gone.

const { setImmediate } = require('node:timers');
const native = require('../binding');
const runtime = require('../runtime');
const { discard, pack, takeBack } = require('../travel');

/** Message types: text, or a value in the codec's bytes. */
const TEXT = 0;
const VALUE = 1;
/** As VALUE; a descriptor goes with it, on a way of its own. */
const HANDLE = 2;
/** Eight bytes: the number of such a descriptor, which was taken. */
const TAKEN = 3;

class Channel {
  #id;
  #onMessage;
  #onEnd;
  #shut = false;
  #closed = false;
  /** Messages that are being delivered: type, content, type, content, …, and the next one's place. */
  #batch = [];
  #position = 0;

  /** @param {number} id the runtime's number of this end */
  constructor(id) {
    this.#id = id;
    runtime.channels.set(id, { readable: () => this.#drain(), ended: () => this.#end() });
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
   * @param {(type: number, content: string | Buffer) => void} onMessage
   * @param {() => void} onEnd the peer has closed or died, and all it had sent was read
   * @param {boolean} referenced whether the channel keeps the event loop alive
   */
  listen(onMessage, onEnd, referenced) {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
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
    return native.channelSend(this.#id, TEXT, text);
  }

  /** Sends a value of any kind. @returns {number} bytes that the peer has not read yet */
  sendValue(value, root, inside) {
    const bytes = pack(value, root, inside);
    try {
      return native.channelSend(this.#id, VALUE, bytes);
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
      const backlog = native.channelSend(this.#id, HANDLE, bytes);
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
    native.channelSend(this.#id, TAKEN, bytes);
  }

  /**
   * A pool worker's answer to a task: bytes of `value` after the task's number, as a message of type `status`. From then
   * on the worker has no task.
   */
  answer(queue, status, task, value) {
    const bytes = pack(value, 'result');
    try {
      native.answerTask(queue, this.#id, status, task, bytes);
    } catch (error) {
      takeBack();
      throw error;
    }
  }

  /** Reads what is there without waiting for the event loop. @returns {Array<[number, string | Buffer]>} */
  receiveNow() {
    const messages = [];
    while (!this.#shut) {
      const batch = native.channelReceive(this.#id);
      for (let index = 0; index < batch.length; index += 2) messages.push([batch[index], batch[index + 1]]);
      if (batch.length === 0) break;
    }
    return messages;
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
    for (const [type, content] of this.receiveNow()) if (type !== TEXT) discard(content);
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
    this.#batch = native.channelReceive(this.#id);
    this.#position = 0;
    this.#deliver();
    return this.#batch.length > 0;
  }

  // A listener that throws costs its own message, not those behind it.
  #deliver() {
    try {
      while (this.#position < this.#batch.length) {
        const position = this.#position;
        this.#position += 2;
        this.#onMessage(this.#batch[position], this.#batch[position + 1]);
      }
    } finally {
      if (this.#position < this.#batch.length) setImmediate(() => this.#drain());
    }
  }

  #end() {
    this.#onEnd();
  }
}

module.exports = { Channel, TEXT, HANDLE, TAKEN };
