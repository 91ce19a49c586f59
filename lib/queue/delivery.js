'use strict';
// An item of a queue with `ackMode: 'manual'`: it is the queue's until it is acknowledged.

const { MultiprocError } = require('../errors');

class Delivery {
  #queue;
  #hand;
  #value;
  #redelivered;

  /** @param {object} queue the native one @param {number} hand where the queue has it */
  constructor(queue, hand, value, redelivered) {
    this.#queue = queue;
    this.#hand = hand;
    this.#value = value;
    this.#redelivered = redelivered;
  }

  get value() {
    return this.#value;
  }

  get redelivered() {
    return this.#redelivered;
  }

  ack() {
    this.#settle('ack', true);
  }

  nack() {
    this.#settle('nack', false);
  }

  #settle(method, isDone) {
    const hand = this.#hand;
    this.#hand = undefined;
    if (hand !== undefined && this.#queue.queueSettle(hand, isDone)) return;
    throw new MultiprocError(
      'ERR_MULTIPROC_TASK_DONE',
      `delivery.${method}(): this item was acknowledged or given back before`,
    );
  }
}

module.exports = { Delivery };
