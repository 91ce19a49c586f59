'use strict';
// SocketConnection: messages over a socket, between programs that need not know each other.
//
// A message is one frame. What has come and was not read waits in the inbox; when that is more than highWaterMark the
// socket is not read, and the sender notices. What was sent while so much was on its way already waits in the outbox.

const { asyncDispose, dispose } = require('../dispose');
const { MultiprocError } = require('../errors');
const { cannot } = require('../codec/refusals');
const { checkInteger, ownOptions } = require('../arguments');
const { atMost, bytesOf, copyTo, noBytes, slice } = require('../pipe/bytes');
const { discard, pack, packAbroad, takeBack, travel, unpack, unpackFromAbroad } = require('../travel');
const { FRAME, frameOf } = require('./frames');
const { refusedError } = require('./handshake');
const { Inbox } = require('./inbox');
const { waitOptions, waitUntil } = require('../waits');

const MESSAGE_BYTES_MAX = 2 ** 32 - 1;
const SUBJECT = 'the peer';

/** How a connection ended for who still receives. */
const ENDED = 'the peer has closed the connection or ended, and all it had sent was read';
const CUT = 'the peer ended in the middle of a message';

class SocketConnection {
  #transport;
  #isFamily;
  #maxMessageBytes;
  #highWaterMark;
  #inbox;
  /** Messages that wait to be written: `{ frame, hasHandles, isWritten, resolve, reject }`. */
  #outbox = [];
  #isClosed = false;
  /** The peer ended between two messages, and in order. */
  #isCleanEnd = false;

  /** For this package alone: `connect()` and `listener.accept()` make connections. */
  constructor(transport, { isFamily, maxMessageBytes, peerMaxBytes, highWaterMark }) {
    this.#transport = transport;
    this.#isFamily = isFamily;
    this.#maxMessageBytes = Math.min(maxMessageBytes, peerMaxBytes);
    this.#highWaterMark = highWaterMark;
    this.#inbox = new Inbox(transport, highWaterMark);
    const { reader } = transport;
    reader.limit = maxMessageBytes;
    reader.onFrame = (type, content) => this.#take(type, content);
    reader.onTooLong = (length) => {
      const message = `the peer sent a message of ${length} bytes, more than maxMessageBytes (${maxMessageBytes})`;
      this.#fail(() => new MultiprocError('ERR_MULTIPROC_MESSAGE_SIZE', `${message}; the connection is closed`));
    };
    transport.onEnd = (cause) => this.#peerEnded(cause);
  }

  get closed() {
    return this.#isClosed;
  }

  send(value, options) {
    return this.#promised('send', options, (limit, signal) =>
      this.#send(this.#frameOfValue('send', value), limit, signal),
    );
  }

  trySend(value) {
    this.#open('trySend');
    if (this.#inbox.end !== null) throw this.#noReader();
    const message = this.#frameOfValue('trySend', value);
    const isAccepted = this.#outbox.length === 0 && this.#hasRoom(message.frame.length);
    if (isAccepted) this.#write(message);
    else this.#drop(message);
    return isAccepted;
  }

  sendBytes(view, options) {
    return this.#promised('sendBytes', options, (limit, signal) => {
      const { offset, length } = ownOptions('connection.sendBytes()', options, ['offset', 'length']);
      const bytes = slice('connection.sendBytes()', view, { offset, length });
      this.#checkLength('sendBytes', bytes.length);
      const frame = frameOf(FRAME.bytes, bytes);
      return this.#send({ frame, hasHandles: false }, limit, signal);
    });
  }

  recv(options) {
    return this.#promised('recv', options, (limit, signal) =>
      this.#receive(limit, signal, 'recv', (message) => this.#valueOf(message)),
    );
  }

  tryRecv(otherwise) {
    this.#open('tryRecv');
    if (!this.#inbox.isEmpty) return this.#valueOf(this.#inbox.shift());
    if (this.#inbox.end !== null) throw this.#inbox.end();
    return otherwise;
  }

  recvBytes(options) {
    return this.#promised('recvBytes', options, (limit, signal) => {
      const { maxLength } = ownOptions('connection.recvBytes()', options, ['maxLength']);
      if (maxLength !== undefined) {
        checkInteger('connection.recvBytes()', 'maxLength', maxLength, 0, Number.MAX_SAFE_INTEGER);
      }
      const read = (message) => atMost(maxLength, 'recvBytes', this.#bytesOf(message, 'recvBytes'));
      return this.#receive(limit, signal, 'recvBytes', read);
    });
  }

  recvBytesInto(view, offset, options) {
    return this.#promised('recvBytesInto', options, (limit, signal) => {
      const call = 'connection.recvBytesInto()';
      const into = bytesOf(call, view);
      const start = checkInteger(call, 'offset', offset ?? 0, 0, into.length);
      const read = (message) => copyTo(into, start, this.#bytesOf(message, 'recvBytesInto'));
      return this.#receive(limit, signal, 'recvBytesInto', read);
    });
  }

  poll(options) {
    return this.#promised('poll', options, (limit, signal) => this.#inbox.poll(limit, signal));
  }

  ref() {
    this.#transport.setReferenced(true);
    return this;
  }

  unref() {
    this.#transport.setReferenced(false);
    return this;
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const message of this.#inbox.close(() => closedError('recv'))) this.#discard(message);
    for (const message of this.#outbox.splice(0)) this.#write(message);
    const { reader } = this.#transport;
    // What still comes may hold references, which end here.
    if (this.#isFamily) reader.onFrame = (type, content) => this.#discard({ type, content });
    else reader.stop();
    this.#transport.close();
  }

  [dispose]() {
    this.close();
  }

  async [asyncDispose]() {
    this.close();
    await this.#transport.closed;
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      try {
        yield await this.recv();
      } catch (error) {
        if (error.code === 'ERR_MULTIPROC_EOF' && this.#isCleanEnd) return;
        throw error;
      }
    }
  }

  // It is one end of a socket of this process.
  [travel]() {
    throw cannot('a connection');
  }

  // ── Sending ──

  #frameOfValue(method, value) {
    const bytes = this.#isFamily ? pack(value, 'value') : packAbroad(value, 'value');
    try {
      this.#checkLength(method, bytes.length);
      return { frame: frameOf(FRAME.value, bytes), hasHandles: this.#isFamily };
    } catch (error) {
      if (this.#isFamily) takeBack();
      throw error;
    }
  }

  #checkLength(method, length) {
    if (length <= this.#maxMessageBytes) return;
    const message = `connection.${method}(): a message of ${length} bytes is more than the ${this.#maxMessageBytes} that both sides take; send it in parts, or set maxMessageBytes at both`;
    throw new MultiprocError('ERR_MULTIPROC_MESSAGE_SIZE', message);
  }

  #hasRoom(count) {
    const { pendingBytes } = this.#transport;
    return pendingBytes === 0 || pendingBytes + count <= this.#highWaterMark;
  }

  #send(message, limit, signal) {
    if (this.#inbox.end !== null) {
      this.#drop(message);
      return Promise.reject(this.#noReader());
    }
    if (signal?.aborted) this.#drop(message);
    const begin = (resolve, reject) => {
      Object.assign(message, { resolve, reject });
      this.#outbox.push(message);
      this.#pump();
    };
    return waitUntil(limit, signal, begin, (error) => {
      // Its first bytes are out: the peer gets it, if it reads at all.
      if (message.isWritten) return;
      this.#outbox.splice(this.#outbox.indexOf(message), 1);
      this.#drop(message);
      throw error ?? timeoutError('send', limit, 'the peer does not read what was sent before; nothing was sent');
    });
  }

  #pump() {
    while (this.#outbox.length > 0 && this.#hasRoom(this.#outbox[0].frame.length)) this.#write(this.#outbox.shift());
  }

  #write(message) {
    message.isWritten = true;
    this.#transport.write(message.frame, (isWritten, error, isUnsent) => {
      if (isWritten) {
        message.resolve?.();
        this.#pump();
      } else {
        if (isUnsent) this.#drop(message);
        message.reject?.(this.#noReader(error ?? undefined));
      }
    });
  }

  /** The message does not go out: the references in it end. */
  #drop({ frame, hasHandles }) {
    if (hasHandles) discard(frame.subarray(frame.length - frame.readUInt32LE(0)));
  }

  #noReader(cause) {
    return new MultiprocError(
      'ERR_MULTIPROC_CHANNEL_CLOSED',
      'connection.send(): the peer has closed the connection or ended',
      {
        cause,
      },
    );
  }

  // ── Receiving ──

  #take(type, content) {
    if (type === FRAME.refused) return this.#fail(() => refusedError(content, SUBJECT));
    if (type !== FRAME.value && type !== FRAME.bytes) {
      const text = `the peer sent a frame of the unknown type ${type}; the connection is closed`;
      return this.#fail(() => new MultiprocError('ERR_MULTIPROC_DESERIALIZE', text));
    }
    this.#inbox.put({ type, content });
  }

  #receive(limit, signal, method, read) {
    return this.#inbox.receive(limit, signal, read, () => timeoutError(method, limit, 'no message came'));
  }

  /** Bytes are a Buffer, as in a Connection. */
  #valueOf({ type, content, decoded }) {
    if (decoded !== undefined) return decoded.value;
    if (type === FRAME.bytes) return content;
    return this.#isFamily ? unpack(content) : unpackFromAbroad(content);
  }

  #bytesOf(message, method) {
    const value = this.#valueOf(message);
    if (Buffer.isBuffer(value)) return value;
    this.#inbox.unshift({ ...message, decoded: { value } });
    throw noBytes(method);
  }

  // ── The end ──

  #peerEnded(cause) {
    if (this.#inbox.end === null) {
      const isCut = this.#transport.reader.isPartial;
      this.#isCleanEnd = cause === null && !isCut;
      const details = { cause: cause ?? undefined };
      this.#inbox.finish(() => new MultiprocError('ERR_MULTIPROC_EOF', isCut ? CUT : ENDED, details));
    }
    this.#failOutbox();
  }

  /** The peer breaks the rules, or was found to be another one: no more of it. */
  #fail(makeError) {
    this.#inbox.finish(makeError);
    this.#failOutbox();
    this.#transport.destroy();
  }

  #failOutbox() {
    for (const message of this.#outbox.splice(0)) {
      this.#drop(message);
      message.reject(this.#noReader());
    }
  }

  #discard({ type, content, decoded }) {
    if (type === FRAME.value && this.#isFamily && decoded === undefined) discard(content);
  }

  #open(method) {
    if (this.#isClosed) throw closedError(method);
  }

  /** Checks the options that every call has, and rejects what would throw. */
  #promised(method, options, begin) {
    try {
      const { limit, signal } = waitOptions(`connection.${method}()`, options);
      this.#open(method);
      return begin(limit, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

function closedError(method) {
  return new MultiprocError('ERR_MULTIPROC_CLOSED', `connection.${method}(): the connection was closed on this side`);
}

function timeoutError(method, limit, what) {
  return new MultiprocError(
    'ERR_MULTIPROC_TIMEOUT',
    `connection.${method}(): not within ${Math.round(limit)} ms: ${what}`,
  );
}

module.exports = { SocketConnection, MESSAGE_BYTES_MAX };
