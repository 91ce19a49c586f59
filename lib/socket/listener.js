'use strict';
// Listener: an address at which other programs connect.
//
// Connections are accepted natively and shake hands on their own, each with its time; only those that are ready come to
// accept(). So a client that says nothing delays nobody.

const { EventEmitter } = require('node:events');
const net = require('node:net');
const { clearTimeout, setTimeout } = require('node:timers');
const native = require('../binding');
const runtime = require('../runtime');
const { onceAborted } = require('../aborts');
const { checkInteger } = require('../arguments');
const { asyncDispose } = require('../dispose');
const { AbortError, MultiprocError } = require('../errors');
const { about, systemError } = require('../system_error');
const { addressText, parseAddress } = require('./address');
const { SocketConnection } = require('./connection');
const { REFUSED, refuse, shakeHands } = require('./handshake');
const { checkKey, checkPatience, checkPeer, socketOptions } = require('./options');
const { Transport } = require('./transport');
const { waitOptions, waitUntil } = require('../waits');

const BACKLOG = 511;
const BACKLOG_MAX = 65_535;
/** So many may be shaking hands at once; the oldest gives way to a newer one. */
const SHAKING_MAX = 256;
const MODE_OWNER = 0o600;
const MODE_ANYBODY = 0o666;
const EAGAIN = 11;
/** The connection is gone already, or the next one may be another matter: those are looked at once more. */
const PASSING = new Set([4, 71, 103]);
/** Out of descriptors or memory: after so long there may be some. */
const EXHAUSTED_DELAY_MS = 100;

/** Those that have a file: it goes with the program, if that ends in order. */
const open = new Set();

function closeAll() {
  for (const listener of open) listener.close();
}

class Listener extends EventEmitter {
  #options;
  #isLocal;
  #address;
  /** The address as errors name it. */
  #subject;
  #native;
  #waitId;
  #timer;
  #referenced = true;
  #isClosed = false;
  #reason;
  #forgetSignal = () => {};
  /** Ready, and accepted by nobody yet. */
  #ready = [];
  #acceptors = [];
  /** Transports that are shaking hands, the oldest first. */
  #shaking = new Set();

  constructor(address, options) {
    super();
    const call = 'new Listener()';
    const checked = socketOptions(call, options, ['backlog', 'handshakeTimeout']);
    const backlog = checkInteger(call, 'backlog', checked.backlog ?? BACKLOG, 1, BACKLOG_MAX);
    const limit = checkPatience(call, 'handshakeTimeout', checked.handshakeTimeout);
    this.#options = { ...checked, backlog, limit };
    const parsed = parseAddress(call, address);
    checkKey(call, parsed, checked.key);
    const { signal } = checked;
    if (signal?.aborted) throw new AbortError(signal.reason);
    runtime.open();
    this.#isLocal = parsed.kind === 'local';
    this.#subject = addressText(parsed);
    this.#listen(parsed, backlog);
    this.#forgetSignal = signal ? onceAborted(signal, () => this.#shut(new AbortError(signal.reason))) : () => {};
    this.#watch();
    if (open.size === 0) process.once('exit', closeAll);
    open.add(this);
  }

  get address() {
    return this.#address;
  }

  get closed() {
    return this.#isClosed;
  }

  accept(options) {
    try {
      const { limit, signal } = waitOptions('listener.accept()', options);
      if (this.#isClosed) throw this.#reason;
      let acceptor;
      const begin = (resolve, reject) => {
        acceptor = { resolve, reject };
        this.#acceptors.push(acceptor);
        this.#handOver();
      };
      return waitUntil(limit, signal, begin, (error) => {
        this.#acceptors.splice(this.#acceptors.indexOf(acceptor), 1);
        const message = `listener.accept(): nobody connected within ${Math.round(limit)} ms`;
        throw error ?? new MultiprocError('ERR_MULTIPROC_TIMEOUT', message);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close() {
    const message = 'listener.accept(): the listener was closed';
    this.#shut(new MultiprocError('ERR_MULTIPROC_CLOSED', message));
  }

  ref() {
    return this.#setReferenced(true);
  }

  unref() {
    return this.#setReferenced(false);
  }

  async [asyncDispose]() {
    this.close();
  }

  async *[Symbol.asyncIterator]() {
    while (!this.#isClosed) {
      let connection;
      try {
        connection = await this.accept();
      } catch (error) {
        if (error.code === 'ERR_MULTIPROC_CLOSED') return;
        throw error;
      }
      yield connection;
    }
  }

  #listen(parsed, backlog) {
    try {
      if (this.#isLocal) {
        const mode = this.#options.anyUser ? MODE_ANYBODY : MODE_OWNER;
        this.#native = native.listenLocal(parsed.bytes, mode, backlog);
        this.#address = parsed.shown;
      } else {
        this.#native = native.listenTcp(parsed.host, parsed.port, backlog);
        this.#address = Object.freeze({ host: this.#native.host, port: this.#native.port });
        this.#subject = addressText({ kind: 'tcp', ...this.#address });
      }
    } catch (error) {
      const { host, port, shown } = parsed;
      throw about(error, this.#subject, this.#isLocal ? { address: shown } : { address: host, port });
    }
  }

  #setReferenced(referenced) {
    this.#referenced = referenced;
    if (this.#waitId !== undefined) native.setDescriptorRef(this.#waitId, referenced);
    return this;
  }

  #watch() {
    const begin = (instance) => this.#native.wait(instance, this.#referenced);
    this.#waitId = runtime.awaitDescriptor(begin, () => {
      this.#waitId = undefined;
      this.#acceptAll();
    });
  }

  #acceptAll() {
    // As many as wait now, at most: timers and other sources want their turn.
    for (let count = 0; count < this.#options.backlog && !this.#isClosed; count += 1) {
      const fd = this.#native.accept();
      if (fd >= 0) this.#welcome(fd);
      else if (fd === -EAGAIN) break;
      else if (!PASSING.has(-fd)) return this.#pause(fd);
    }
    if (!this.#isClosed) this.#watch();
  }

  #pause(errno) {
    this.#refused(systemError(-errno, 'accept', this.#subject));
    this.#timer = setTimeout(() => this.#acceptAll(), EXHAUSTED_DELAY_MS);
    if (!this.#referenced) this.#timer.unref();
  }

  #welcome(fd) {
    const { anyUser, key, maxMessageBytes, limit, backlog } = this.#options;
    const socket = new net.Socket({ fd, readable: true, writable: true });
    if (!this.#isLocal) socket.setNoDelay(true);
    if (!this.#referenced) socket.unref();
    const transport = new Transport(socket, this.#isLocal);
    try {
      if (this.#isLocal && !anyUser) checkPeer(fd, 'the client');
    } catch (error) {
      refuse(transport, REFUSED.user);
      return this.#refused(error);
    }
    if (this.#ready.length + this.#shaking.size >= backlog) return refuse(transport, REFUSED.busy);
    if (this.#shaking.size >= SHAKING_MAX) this.#shaking.values().next().value.destroy();
    this.#shaking.add(transport);
    const ready = (result) => new SocketConnection(transport, { ...this.#options, ...result });
    shakeHands(transport, { role: 'listener', key, maxMessageBytes, limit, subject: 'the client', ready })
      .then((connection) => this.#take(transport, connection))
      .catch((error) => {
        this.#shaking.delete(transport);
        this.#refused(error);
      });
  }

  #take(transport, connection) {
    this.#shaking.delete(transport);
    if (this.#isClosed) return connection.close();
    this.#ready.push(connection);
    this.#handOver();
  }

  #handOver() {
    while (this.#ready.length > 0 && this.#acceptors.length > 0) {
      this.#acceptors.shift().resolve(this.#ready.shift().ref());
    }
  }

  #refused(error) {
    if (!this.#isClosed) this.emit('refused', error);
  }

  #shut(reason) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reason = reason;
    this.#forgetSignal();
    open.delete(this);
    if (open.size === 0) process.off('exit', closeAll);
    clearTimeout(this.#timer);
    if (this.#waitId !== undefined) runtime.forgetDescriptor(this.#waitId);
    this.#native.close();
    for (const transport of this.#shaking) transport.destroy();
    for (const connection of this.#ready.splice(0)) connection.close();
    for (const { reject } of this.#acceptors.splice(0)) reject(reason);
  }
}

module.exports = { Listener };
