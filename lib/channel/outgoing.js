'use strict';
// What a forked program's channel sends, and what it holds back: a message whose socket or server cannot go yet, and all
// that was sent after it, so that the order is kept.
//
// Until the moment that it goes, a socket is the sender's: it may be closed meanwhile, and then the message goes without.

const { jsonMeetings } = require('../travel');

const { stringify } = JSON;

/** In place of a backlog: the item has to be held. */
const WAITS = -1;

/**
 * @typedef {{ message: unknown, kind?: string, handle?: object, keepOpen: boolean, callback?: Function }} Item
 * @typedef {{ channel: import('./channel').Channel, carrier: import('./carrier').Carrier | null, isAdvanced: boolean,
 *   lists: import('./socket_lists').SocketLists }} Ways
 */
class Outgoing {
  #ways;
  /** @type {Item[]} */
  #held = [];

  /** @param {Ways} ways */
  constructor(ways) {
    this.#ways = ways;
  }

  get isHolding() {
    return this.#held.length > 0;
  }

  /** @param {Item} item @returns {boolean} whether it is the first, as Node's send() returns then */
  hold(item) {
    this.#held.push(item);
    return this.#held.length === 1;
  }

  /**
   * The other side has taken a descriptor: sends what can go now.
   *
   * @param {(item: Item, error: Error | null) => void} settled
   */
  resume(settled) {
    while (this.#held.length > 0) {
      const [item] = this.#held;
      let error = null;
      try {
        if (this.transmit(item) === WAITS) return;
      } catch (failure) {
        error = failure;
      }
      this.#held.shift();
      settled(item, error);
    }
  }

  /** Nothing goes any more. @returns {Item[]} what was held */
  giveUp() {
    return this.#held.splice(0);
  }

  /** @param {Item} item @returns {number} bytes that the peer has not read yet, or WAITS */
  transmit({ message, kind, handle, keepOpen }) {
    if (kind === undefined) return this.#write(message);
    // Node's classes are loaded when the first one goes.
    const { giveAway, openHandle } = require('./handles');
    const opened = openHandle(kind, handle);
    if (opened === null) return this.#write(message);
    const { carrier, channel, lists } = this.#ways;
    if (carrier === null) throw nowhere();
    if (carrier.isFull) return WAITS;
    const { description } = opened;
    const content = { ...description, number: carrier.next, ...this.#contentOf(message) };
    const backlog = channel.sendWithHandle(content, 'message', '.value', () => carrier.send(opened.handle.fd));
    if (backlog === WAITS) return WAITS;
    // Not before: a message that could not be sent leaves its socket here, and its server counts it.
    if (description.key !== undefined) lists.noteSent(handle, description.key, keepOpen);
    if (!keepOpen) giveAway(kind, handle);
    return backlog;
  }

  #write(message) {
    const { channel } = this.#ways;
    const { text } = this.#contentOf(message);
    return text === undefined ? channel.sendValue(message, 'message') : channel.sendText(text);
  }

  /** @returns {{ text: string } | { value: unknown }} */
  #contentOf(message) {
    if (this.#ways.isAdvanced) return { value: message };
    jsonMeetings.count = 0;
    const text = stringify(message);
    // One of our objects was inside: it travels by the codec, as it has no JSON.
    return jsonMeetings.count > 0 ? { value: message } : { text };
  }
}

/** The program was started without a carrier, or its descriptor is another one by now. */
function nowhere() {
  return Object.assign(new Error('write EBADF'), { errno: -9, code: 'EBADF', syscall: 'write' });
}

module.exports = { Outgoing, WAITS };
