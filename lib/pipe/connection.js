'use strict';
// Connection: one end of a pipe. What it sends lies in a queue of the pipe until the other end takes it (src/queue).
//
// The end is alive as long as anybody has it, in whatever process. So there is an end of file exactly when the last one
// that had the other end has closed it or died, and everything was received.

const { EventEmitter } = require('node:events');
const native = require('../binding');
const { checkTimeout, ownOptions } = require('../arguments');
const { dispose } = require('../dispose');
const { AbortError, MultiprocError } = require('../errors');
const items = require('../queue/items');
const { detach, transferOf } = require('../queue/transfer');
const { Closing } = require('../sync/closing');
const goals = require('../sync/goals');
const { TIMED_OUT } = require('../sync/outcome');
const { open, pin, unpin, waitFor, waitOptions } = require('../sync/shared_object');
const { KIND, met, onRevive, travel } = require('../travel');
const { PipeEnd } = require('./pipe_end');
const { bytesFor, copyInto, slice } = require('./bytes');
const streams = require('./streams');

const { CLOSED, DONE, FULL, EMPTY, ENDED, Parcel } = items;

class Connection extends EventEmitter {
  /** @type {PipeEnd} */
  #end;
  /** @type {[number, number]} the other end */
  #peer;
  /** @type {import('../queue/queue').Queue | null} */
  #incoming;
  /** @type {import('../queue/queue').Queue | null} */
  #outgoing;
  #isClosed = false;
  /** Nothing more is sent: a stream was ended. */
  #isEnded = false;
  /** Ends the waits of this thread. */
  #closing = new Closing(closedDuring);
  /** Taken and not received: somebody asked for bytes, and it was something else. */
  #putBack = [];
  /** While somebody listens for messages: ends the wait for the next one. @type {AbortController | null} */
  #listening = null;

  /** For this package alone: a user calls Pipe(). */
  constructor(parts) {
    if (!(parts?.end instanceof PipeEnd)) {
      const error = new TypeError('new Connection(): connections are made by Pipe(), or received');
      error.code = 'ERR_ILLEGAL_CONSTRUCTOR';
      throw error;
    }
    super();
    this.#end = parts.end;
    this.#peer = parts.peer;
    this.#incoming = parts.incoming;
    this.#outgoing = parts.outgoing;
    this.on('newListener', (event) => {
      if (event === 'message') setImmediate(() => this.#listen());
    });
    this.on('removeListener', (event) => {
      if (event === 'message' && this.listenerCount('message') === 0) this.#listening?.abort();
    });
  }

  get readable() {
    return this.#incoming !== null;
  }

  get writable() {
    return this.#outgoing !== null && !this.#isEnded;
  }

  get closed() {
    return this.#isClosed;
  }

  async send(value, options) {
    const { limit, signal } = waitOptions('connection.send()', options);
    const transfer = transferOf('connection.send()', options);
    if (signal?.aborted) throw new AbortError(signal.reason);
    const outgoing = this.#writing('send');
    const queue = pin(outgoing, 'send');
    let parcel;
    try {
      parcel = new Parcel(value, 'value');
      const attempt = () => parcel.put(queue, this.#peer);
      let result = attempt();
      if (result === FULL) {
        result = await items.putWaiting(
          parcel,
          limit,
          (left) => this.#awaits(queue, goals.PIPE_PUT, left, signal),
          attempt,
        );
      }
      sent(result, 'send', limit);
      detach(transfer);
    } finally {
      parcel?.discard();
      unpin(outgoing);
    }
  }

  sendSync(value, timeout) {
    const limit = checkTimeout('connection.sendSync()', timeout);
    const queue = open(this.#writing('sendSync'), 'sendSync');
    const parcel = new Parcel(value, 'value');
    try {
      const attempt = () => parcel.put(queue, this.#peer);
      let result = attempt();
      if (result === FULL) {
        result = items.putWaitingSync(parcel, limit, (left) => this.#blocks(queue, goals.PIPE_PUT, left), attempt);
      }
      sent(result, 'sendSync', limit);
    } finally {
      parcel.discard();
    }
  }

  trySend(value) {
    const queue = open(this.#writing('trySend'), 'trySend');
    const parcel = new Parcel(value, 'value');
    try {
      const result = parcel.put(queue, this.#peer);
      if (result !== FULL) sent(result, 'trySend', 0);
      return result === DONE;
    } finally {
      parcel.discard();
    }
  }

  async recv(options) {
    const { limit, signal } = waitOptions('connection.recv()', options);
    return this.#receive('recv', limit, signal);
  }

  recvSync(timeout) {
    const limit = checkTimeout('connection.recvSync()', timeout);
    const queue = open(this.#reading('recvSync'), 'recvSync');
    let found = this.#next(queue);
    if (found === EMPTY) {
      const wait = (left) => this.#blocks(queue, goals.PIPE_GET, left);
      found = items.takeWaitingSync(limit, wait, () => this.#take(queue, 'recvSync'));
    }
    return received(found, 'recvSync', limit);
  }

  tryRecv(otherwise) {
    const found = this.#take(open(this.#reading('tryRecv'), 'tryRecv'), 'tryRecv');
    return found === EMPTY ? otherwise : found;
  }

  async poll(options) {
    const { limit, signal } = waitOptions('connection.poll()', options);
    const queue = open(this.#reading('poll'), 'poll');
    if (this.#putBack.length > 0) return true;
    return (await this.#awaits(queue, goals.PIPE_GET, limit, signal)) !== TIMED_OUT;
  }

  pollSync(timeout) {
    const limit = checkTimeout('connection.pollSync()', timeout);
    const queue = open(this.#reading('pollSync'), 'pollSync');
    return this.#putBack.length > 0 || this.#blocks(queue, goals.PIPE_GET, limit) !== TIMED_OUT;
  }

  async sendBytes(view, options) {
    const own = ownOptions('connection.sendBytes()', options, ['offset', 'length', 'timeout', 'signal']);
    return this.send(slice('connection.sendBytes()', view, own), own);
  }

  async recvBytes(options) {
    const own = ownOptions('connection.recvBytes()', options, ['maxLength', 'timeout', 'signal']);
    const { limit, signal } = waitOptions('connection.recvBytes()', own);
    return bytesFor('recvBytes', own.maxLength, () => this.#receive('recvBytes', limit, signal), this.#putBack);
  }

  async recvBytesInto(view, offset, options) {
    const { limit, signal } = waitOptions('connection.recvBytesInto()', options);
    return copyInto(view, offset, () => this.#receive('recvBytesInto', limit, signal), this.#putBack);
  }

  toReadable() {
    this.#reading('toReadable');
    return streams.toReadable(this, (message) => this.#putBack.unshift(message));
  }

  toWritable() {
    this.#writing('toWritable');
    return streams.toWritable(this, () => this.#endSending());
  }

  toReadableStream() {
    this.#reading('toReadableStream');
    return streams.toReadableStream(this, (message) => this.#putBack.unshift(message));
  }

  toWritableStream() {
    this.#writing('toWritableStream');
    return streams.toWritableStream(this, () => this.#endSending());
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listening?.abort();
    this.#end.close();
    this.#incoming?.close();
    this.#outgoing?.close();
    this.#closing.close();
    this.emit('close');
  }

  [dispose]() {
    this.close();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      let found;
      try {
        found = await this.recv();
      } catch (error) {
        if (error.code === 'ERR_MULTIPROC_EOF') return;
        throw error;
      }
      yield found;
    }
  }

  toJSON() {
    return met();
  }

  [travel]() {
    this.#opened('send');
    const extra = [this.#end, this.#peer, this.#incoming, this.#outgoing];
    return { kind: KIND.connection, index: 0, generation: 0, extra };
  }

  #opened(method) {
    if (!this.#isClosed) return;
    throw new MultiprocError(
      'ERR_MULTIPROC_CLOSED',
      `connection.${method}: this Connection was closed in this thread; make or receive it anew`,
    );
  }

  #reading(method) {
    this.#opened(method);
    if (this.#incoming !== null) return this.#incoming;
    throw new MultiprocError('ERR_MULTIPROC_NOT_READABLE', `connection.${method}(): this end of the pipe only sends`);
  }

  #writing(method) {
    this.#opened(method);
    if (this.#outgoing !== null) return this.#outgoing;
    throw new MultiprocError(
      'ERR_MULTIPROC_NOT_WRITABLE',
      `connection.${method}(): this end of the pipe only receives`,
    );
  }

  async #receive(method, limit, signal) {
    const incoming = this.#reading(method);
    const queue = pin(incoming, method);
    try {
      let found = signal?.aborted ? EMPTY : this.#next(queue);
      if (found === EMPTY) {
        const wait = (left) => this.#awaits(queue, goals.PIPE_GET, left, signal);
        found = await items.takeWaiting(limit, wait, () => this.#take(queue, method));
      }
      return received(found, method, limit);
    } finally {
      unpin(incoming);
    }
  }

  /** Nothing more goes this way; what comes is still received. An end that only sends has nothing left to do. */
  #endSending() {
    if (this.#isClosed) return;
    if (this.#incoming === null) return this.close();
    this.#isEnded = true;
    open(this.#outgoing, 'toWritable').queueClose(false);
  }

  /** @returns {unknown} a value or EMPTY, also at the end of file: a wait ends there at once */
  #next(queue) {
    if (this.#putBack.length > 0) return this.#putBack.shift();
    const found = items.take(queue);
    return found === ENDED ? EMPTY : found;
  }

  /** @returns {unknown} a value or EMPTY; throws at the end of file */
  #take(queue, method) {
    if (this.#putBack.length > 0) return this.#putBack.shift();
    const found = items.take(queue);
    if (found !== ENDED && (found !== EMPTY || native.isPipeEnd(...this.#peer))) return found;
    // What the other end sent before it went is there by now.
    const last = found === ENDED ? ENDED : items.take(queue);
    if (last !== EMPTY && last !== ENDED) return last;
    throw new MultiprocError(
      'ERR_MULTIPROC_EOF',
      `connection.${method}(): nobody has the other end any more, or it sends nothing more; everything it sent was received`,
    );
  }

  #awaits(queue, goal, left, signal) {
    return waitFor(queue, goal, left, signal, this.#peer, this.#closing);
  }

  #blocks(queue, goal, left) {
    return queue.waitSync(goal, this.#peer[0], this.#peer[1], left);
  }

  /** Hands what comes to the listeners of 'message', one after the other, as long as there are any. */
  async #listen() {
    if (this.#listening !== null || this.#isClosed) return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    try {
      while (this.listenerCount('message') > 0 && !this.#isClosed) {
        const message = await this.recv({ signal });
        // The last listener has gone in the same moment: it is the next one's.
        if (this.listenerCount('message') === 0) this.#putBack.push(message);
        else if (!this.#tell('message', message)) await new Promise(setImmediate);
      }
    } catch (error) {
      if (error.code === 'ERR_MULTIPROC_EOF') this.#tell('end');
      else if (!signal.aborted && !this.#isClosed) this.#tell('error', error);
    } finally {
      this.#listening = null;
    }
    // Somebody has begun to listen while the wait was being ended.
    if (signal.aborted) this.#listen();
  }

  /**
   * What a listener throws is nobody's here: an uncaught exception, as from Node's own emitters.
   *
   * @returns {boolean} false: it has thrown, which the program learns in this turn of the loop
   */
  #tell(event, ...args) {
    try {
      this.emit(event, ...args);
      return true;
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
      return false;
    }
  }
}

function closedDuring() {
  return new MultiprocError(
    'ERR_MULTIPROC_CLOSED',
    'connection: this Connection was closed in this thread during the wait',
  );
}

function sent(result, method, limit) {
  if (result === DONE) return;
  if (result === FULL) throw timedOut(method, limit, 'the other end had not taken enough');
  if (result === CLOSED) {
    throw new MultiprocError(
      'ERR_MULTIPROC_NOT_WRITABLE',
      `connection.${method}(): this end was ended for sending, as a stream; nothing was sent`,
    );
  }
  throw new MultiprocError(
    'ERR_MULTIPROC_CHANNEL_CLOSED',
    `connection.${method}(): nobody has the other end any more; nothing was sent`,
  );
}

function received(found, method, limit) {
  if (found !== EMPTY) return found;
  throw timedOut(method, limit, 'nothing came');
}

function timedOut(method, limit, what) {
  return new MultiprocError('ERR_MULTIPROC_TIMEOUT', `connection.${method}(): ${what} within ${limit} ms`);
}

onRevive(KIND.connection, (_index, _generation, [end, peer, incoming, outgoing]) => {
  return new Connection({ end, peer, incoming, outgoing });
});

module.exports = { Connection };
