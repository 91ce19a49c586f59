'use strict';
// One socket of Node's, as frames in and out, and one end.
//
// A socket that fails in writing is destroyed by Node.js with all that had arrived and was not read yet. The peer had sent
// that before it went, so it is taken out of the system's buffer first.

const { clearTimeout, setTimeout } = require('node:timers');
const native = require('../binding');
const { FrameReader } = require('./frames');

/** How long a closed TCP connection takes in and drops what still comes: to close at once could take back what was sent. */
const LINGER_MS = 1000;
/** More than the system keeps for a socket. */
const REST_BYTES_MAX = 64 * 1024 * 1024;

class Transport {
  reader = new FrameReader();
  /** Bytes that were written and are not in the system's hands yet. */
  pendingBytes = 0;
  /** Called once, when nothing more comes; with the error that ended it, or null. @type {(error: Error | null) => void} */
  onEnd = () => {};
  #socket;
  #isLocal;
  #error = null;
  #ended = false;
  #closing = false;
  #closed;
  #onData = (chunk) => this.reader.push(chunk);

  /**
   * @param {import('node:net').Socket} socket connected
   * @param {boolean} isLocal
   */
  constructor(socket, isLocal) {
    this.#socket = socket;
    this.#isLocal = isLocal;
    this.#closed = new Promise((resolve) => socket.once('close', resolve));
    const destroy = socket._destroy;
    socket._destroy = (error, callback) => {
      this.#takeRest();
      destroy.call(socket, error, callback);
    };
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    // No side closes only half: what is still being written will not be read.
    socket.on('end', () => {
      this.#end();
      socket.destroy();
    });
    socket.on('close', () => this.#end());
    socket.on('data', this.#onData);
  }

  get isLocal() {
    return this.#isLocal;
  }

  get isEnded() {
    return this.#ended;
  }

  /** Resolves when the socket is closed. */
  get closed() {
    return this.#closed;
  }

  /**
   * @param {Buffer} frame must not change any more
   * @param {(isWritten: boolean, error: Error | null, isUnsent: boolean) => void} [done] the system has all of it, or never
   *   will; `isUnsent`: the peer cannot have got it
   */
  write(frame, done) {
    this.pendingBytes += frame.length;
    this.#socket.write(frame, (error) => {
      this.pendingBytes -= frame.length;
      // Node.js tells no error of a write that was under way when the socket was destroyed.
      const isWritten = !error && !this.#socket.destroyed;
      done?.(isWritten, error ?? this.#error, Boolean(error));
    });
  }

  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  setReferenced(referenced) {
    if (referenced) this.#socket.ref();
    else this.#socket.unref();
  }

  /** What was written goes out, then the socket is closed. Until then, what comes goes to the reader as before. */
  close() {
    if (this.#closing) return;
    this.#closing = true;
    const socket = this.#socket;
    if (socket.destroyed) return;
    // After an error nothing goes out, and 'finish' would not come.
    if (socket.writableEnded || !socket.writable) this.#linger();
    else socket.end(() => this.#linger());
    socket.resume();
  }

  /** Closes the socket at once; nothing is read any more. */
  destroy() {
    this.reader.stop();
    this.#socket.destroy();
  }

  #linger() {
    const socket = this.#socket;
    if (this.#isLocal) return socket.destroy();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
  }

  #takeRest() {
    const socket = this.#socket;
    if (this.#ended || this.reader.isStopped) return;
    socket.off('data', this.#onData);
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) this.reader.push(chunk);
    const fd = socket._handle?.fd ?? -1;
    if (fd >= 0) this.reader.push(native.restOfSocket(fd, REST_BYTES_MAX));
  }

  #end() {
    if (this.#ended) return;
    this.#ended = true;
    // A local peer that was closed before it had read everything resets; all that it had sent has come.
    const wasReset = this.#isLocal && ['ECONNRESET', 'EPIPE'].includes(this.#error?.code);
    this.onEnd(wasReset ? null : this.#error);
  }
}

module.exports = { Transport };
