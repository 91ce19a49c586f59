'use strict';
// What a forked program's channel has received and hands on, in order: a message that brings a server is ready when that
// listens, and those behind it wait.

const { HANDLE, TEXT } = require('./channel');
const { unpack } = require('../travel');

/** As it was before the program, which may have another: Node.js does not look at that either. */
const { parse } = JSON;

/** @typedef {{ message: unknown, handle: object | undefined, isReady: boolean }} Arrival */

class Arrivals {
  #channel;
  #carrier;
  #lists;
  #deliver;
  /** @type {Arrival[]} */
  #waiting = [];

  /**
   * @param {import('./channel').Channel} channel where the sender is told of what was taken
   * @param {import('./carrier').Carrier | null} carrier
   * @param {import('./socket_lists').SocketLists} lists
   * @param {(message: unknown, handle: object | undefined) => void} deliver
   */
  constructor(channel, carrier, lists, deliver) {
    this.#channel = channel;
    this.#carrier = carrier;
    this.#lists = lists;
    this.#deliver = deliver;
  }

  add(type, content) {
    if (type === HANDLE) {
      this.#waiting.push(this.#withHandle(unpack(content)));
      return this.flush(false);
    }
    const message = type === TEXT ? parse(content) : unpack(content);
    if (this.#waiting.length === 0) return this.#deliver(message, undefined);
    this.#waiting.push({ message, handle: undefined, isReady: true });
  }

  /** @param {boolean} isEnd what is not ready is delivered, too: nothing may come after the end */
  flush(isEnd) {
    try {
      while (this.#waiting.length > 0 && (isEnd || this.#waiting[0].isReady)) {
        const { message, handle } = this.#waiting.shift();
        this.#deliver(message, handle);
      }
    } finally {
      // A listener that throws costs its own message, not those behind it.
      if (this.#waiting[0]?.isReady) process.nextTick(() => this.flush(false));
    }
  }

  /** @param {unknown} envelope of a peer: may hold anything @returns {Arrival} */
  #withHandle(envelope) {
    const { number, text, value, ...description } = Object(envelope);
    const message = typeof text === 'string' ? parse(text) : value;
    const arrival = { message, handle: undefined, isReady: true };
    const made = this.#make(number, description);
    if (made === null) return arrival;
    arrival.handle = made.handle;
    if (description.kind === 'net.Socket' && typeof description.key === 'string') {
      this.#lists.noteReceived(made.handle, description.key);
    }
    if (made.isReadyLater) this.#whenListening(arrival, made.handle);
    return arrival;
  }

  #make(number, description) {
    let descriptor = -1;
    if (Number.isSafeInteger(number) && number > 0) {
      descriptor = this.#carrier?.take(number) ?? -1;
      this.#tell(number);
    }
    let cause = `there is no room for another descriptor, or the sender did not send it (${descriptor})`;
    try {
      // The handles' classes are loaded when the first one comes.
      if (descriptor >= 0) return require('./handles').makeHandle(descriptor, description);
    } catch (error) {
      cause = error.message;
    }
    warn(String(description.kind), cause);
    return null;
  }

  #tell(number) {
    try {
      this.#channel.sendTaken(number);
    } catch {
      // It has gone, and nothing of its waits for this.
    }
  }

  #whenListening(arrival, server) {
    arrival.isReady = false;
    const settle = () => {
      server.off('listening', settle);
      server.off('error', fail);
      arrival.isReady = true;
      this.flush(false);
    };
    const fail = (error) => {
      arrival.handle = undefined;
      warn('net.Server', error.message);
      settle();
    };
    server.on('listening', settle);
    server.on('error', fail);
  }
}

function warn(kind, cause) {
  process.emitWarning(
    `a message came without its ${kind}: ${cause}. The message is delivered, and its handle is undefined`,
    'SentHandleNotReceivedWarning',
  );
}

module.exports = { Arrivals };
