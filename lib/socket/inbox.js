'use strict';
// The messages of a connection that have come and were not read, and the calls that wait for one.
//
// While more than highWaterMark bytes lie here, the socket is not read. A message goes to the call that has waited longest.

const { waitUntil } = require('../waits');

/** @typedef {{ type: number, content: Buffer }} Message */

class Inbox {
  #transport;
  #highWaterMark;
  /** @type {Message[]} */
  #messages = [];
  #bytes = 0;
  #isPaused = false;
  #receivers = [];
  #pollers = new Set();
  /** Why no more messages come. @type {(() => Error) | null} */
  #end = null;

  constructor(transport, highWaterMark) {
    this.#transport = transport;
    this.#highWaterMark = highWaterMark;
  }

  get isEmpty() {
    return this.#messages.length === 0;
  }

  /** The function that makes the error for who still receives, once no more messages come. */
  get end() {
    return this.#end;
  }

  /** @param {Message} message */
  put(message) {
    this.#messages.push(message);
    this.#bytes += message.content.length;
    this.#deliver();
    this.#tellPollers();
    if (this.#bytes > this.#highWaterMark && !this.#isPaused) {
      this.#isPaused = true;
      this.#transport.pause();
    }
  }

  /** The next one. There must be one. @returns {Message} */
  shift() {
    const message = this.#messages.shift();
    this.#bytes -= message.content.length;
    if (this.#isPaused && this.#bytes <= this.#highWaterMark / 2) {
      this.#isPaused = false;
      this.#transport.resume();
    }
    return message;
  }

  /** A message that was taken and is to be read otherwise: it is the next one again. @param {Message} message */
  unshift(message) {
    this.#messages.unshift(message);
    this.#bytes += message.content.length;
  }

  /**
   * @template T
   * @param {(message: Message) => T} read called once; what it throws rejects
   * @param {() => Error} timeoutError
   * @returns {Promise<T>}
   */
  receive(limit, signal, read, timeoutError) {
    const receiver = { read };
    const begin = (resolve, reject) => {
      Object.assign(receiver, { resolve, reject });
      this.#receivers.push(receiver);
      this.#deliver();
      if (this.#end !== null) this.#failReceivers();
    };
    return waitUntil(limit, signal, begin, (error) => {
      this.#receivers.splice(this.#receivers.indexOf(receiver), 1);
      throw error ?? timeoutError();
    });
  }

  /** @returns {Promise<boolean>} whether there is a message, or the end */
  poll(limit, signal) {
    let poller;
    const begin = (resolve, reject) => {
      poller = { resolve, reject };
      this.#pollers.add(poller);
      this.#tellPollers();
    };
    return waitUntil(limit, signal, begin, (error) => {
      this.#pollers.delete(poller);
      if (error !== null) throw error;
      return false;
    });
  }

  /** No more messages come; those that are here can still be read. */
  finish(makeError) {
    if (this.#end !== null) return;
    this.#end = makeError;
    this.#failReceivers();
    this.#tellPollers();
  }

  /** Nobody reads any more. @returns {Message[]} what is left */
  close(makeError) {
    this.#end = makeError;
    this.#failReceivers();
    for (const { reject } of this.#pollers) reject(makeError());
    this.#pollers.clear();
    this.#bytes = 0;
    return this.#messages.splice(0);
  }

  #deliver() {
    while (this.#messages.length > 0 && this.#receivers.length > 0) {
      const { resolve, reject, read } = this.#receivers.shift();
      try {
        resolve(read(this.shift()));
      } catch (error) {
        reject(error);
      }
    }
  }

  #tellPollers() {
    if (this.isEmpty && this.#end === null) return;
    for (const { resolve } of this.#pollers) resolve(true);
    this.#pollers.clear();
  }

  #failReceivers() {
    for (const { reject } of this.#receivers.splice(0)) reject(this.#end());
  }
}

module.exports = { Inbox };
