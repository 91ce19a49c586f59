'use strict';
// The message channel of `fork`, on both sides: what Node.js puts on a ChildProcess and on `process`, over a channel in
// shared memory. Serialisation 'json' and 'advanced' as in Node.js; a message that holds multiproc's own objects travels
// by our codec in either. Sockets and servers go beside it (carrier.js).

const { setImmediate } = require('node:timers');
const { Arrivals } = require('./arrivals');
const { TAKEN } = require('./channel');
const { Outgoing, WAITS } = require('./outgoing');
const { SocketLists } = require('./socket_lists');

/** Above this many unread bytes `send` returns false, as Node.js does when its pipe is full. */
const HIGH_WATER_MARK = 64 * 1024;

/**
 * Gives `target` connected, send, disconnect and channel, and lets it emit 'message' and 'disconnect'.
 *
 * @param {import('node:events').EventEmitter} target a ChildProcess, or `process`
 * @param {import('./channel').Channel} channel
 * @param {{ carrier: import('./carrier').Carrier | null, serialization: 'json' | 'advanced', referenced: boolean }} options
 */
function attachIpc(target, channel, { carrier, serialization, referenced }) {
  const ipc = new Ipc(target, channel, carrier, serialization);
  target.connected = true;
  target.channel = ipc.control;
  target.send = (message, handle, options, callback) => ipc.send(message, handle, options, callback);
  target.disconnect = () => ipc.disconnect();
  ipc.listen(referenced);
  return ipc;
}

class Ipc {
  #target;
  #channel;
  #carrier;
  #outgoing;
  #arrivals;
  /** Not disconnected, or not yet: something is still held back, and disconnect() was called. */
  #isOpen = true;
  /** The end is being told: what a listener throws must not keep the rest of it from being told. */
  #isEnding = false;
  /** Messages, and what came with them, that nobody listens for yet. */
  #pending = [];
  #explicitReference;
  #countedReference;
  #listeners = 0;

  constructor(target, channel, carrier, serialization) {
    this.#target = target;
    this.#channel = channel;
    this.#carrier = carrier;
    const lists = new SocketLists(target, (message) => this.#sendInternal(message));
    this.#outgoing = new Outgoing({ channel, carrier, lists, isAdvanced: serialization === 'advanced' });
    this.#arrivals = new Arrivals(channel, carrier, lists, (message, handle) => this.#deliver(message, handle));
    this.control = {
      ref: () => this.#reference(true),
      unref: () => this.#reference(false),
      hasRef: () => this.#explicitReference ?? this.#countedReference,
    };
  }

  listen(referenced) {
    this.#countedReference = referenced;
    this.#channel.listen(
      (type, content) => this.#receive(type, content),
      () => this.#ended(),
      referenced,
      (error) => this.#fail(undefined, error),
    );
    this.#target.on('newListener', (name) => {
      if (name === 'message') process.nextTick(() => this.#deliverPending());
    });
  }

  /** In a child: the channel keeps the process alive exactly while somebody listens to it. */
  followListeners() {
    const isWatched = (name) => name === 'message' || name === 'disconnect';
    const update = (step) => {
      this.#listeners += step;
      this.#countedReference = this.#listeners > 0;
      this.#referenceAsWanted();
    };
    this.#target.on('newListener', (name) => isWatched(name) && update(1));
    this.#target.on('removeListener', (name) => isWatched(name) && update(-1));
  }

  send(message, handle, options, callback) {
    if (typeof handle === 'function') [callback, handle, options] = [handle, undefined, undefined];
    else if (typeof options === 'function') [callback, options] = [options, undefined];
    else if (options !== undefined) validateObject(options);
    if (message === undefined)
      throw nodeError(TypeError, 'ERR_MISSING_ARGS', 'The "message" argument must be specified');
    if (!['string', 'object', 'number', 'boolean'].includes(typeof message)) {
      throw nodeError(
        TypeError,
        'ERR_INVALID_ARG_TYPE',
        `The "message" argument must be one of type string, object, number, or boolean. Received ${described(message)}`,
      );
    }
    const kind = handle ? kindOf(handle) : undefined;
    if (!this.#target.connected) {
      this.#fail(callback, nodeError(Error, 'ERR_IPC_CHANNEL_CLOSED', 'Channel closed'));
      return false;
    }
    const item = { message, kind, handle, keepOpen: options?.keepOpen === true, callback };
    if (this.#outgoing.isHolding) return this.#hold(item);
    let backlog;
    try {
      backlog = this.#outgoing.transmit(item);
    } catch (error) {
      const broken = asBroken(error);
      if (broken === null) throw error;
      this.#fail(callback, broken);
      return false;
    }
    if (backlog === WAITS) return this.#hold(item);
    if (typeof callback === 'function') process.nextTick(callback, null);
    return backlog < HIGH_WATER_MARK;
  }

  disconnect() {
    if (!this.#target.connected) {
      this.#target.emit('error', nodeError(Error, 'ERR_IPC_DISCONNECTED', 'IPC channel is already disconnected'));
      return;
    }
    this.#target.connected = false;
    // What is held back goes first.
    if (!this.#outgoing.isHolding) this.#disconnectNow();
  }

  /** The peer's process has ended: what it sent is delivered, then the channel is closed. */
  peerEnded() {
    this.#channel.discardUndelivered();
    const wasOpen = this.#isOpen;
    this.#isEnding = true;
    if (wasOpen) {
      this.#channel.flush();
      this.#arrivals.flush(true);
    }
    this.#target.connected = false;
    this.#isOpen = false;
    this.#close();
    // Before 'exit', as in Node.js.
    if (wasOpen) this.#announceEnd();
  }

  #receive(type, content) {
    if (type !== TAKEN) return this.#arrivals.add(type, content);
    if (content.length === 8) this.#carrier?.noteTaken(content.readDoubleLE());
    this.#outgoing.resume(({ callback }, error) => {
      if (error !== null) this.#fail(callback, asBroken(error) ?? error);
      else if (typeof callback === 'function') process.nextTick(callback, null);
    });
    this.#referenceAsWanted();
    if (this.#isOpen && !this.#target.connected && !this.#outgoing.isHolding) this.#disconnectNow();
  }

  #deliver(message, handle) {
    const isInternal = typeof message?.cmd === 'string' && message.cmd.startsWith('NODE_');
    if (!isInternal && this.#target.listenerCount('message') === 0) this.#pending.push([message, handle]);
    else this.#emit(isInternal ? 'internalMessage' : 'message', message, handle);
  }

  /** What a listener throws is an uncaught exception, at once or, at the end, when that was told. */
  #emit(...event) {
    try {
      this.#target.emit(...event);
    } catch (error) {
      if (!this.#isEnding) throw error;
      setImmediate(() => {
        throw error;
      });
    }
  }

  #deliverPending() {
    while (this.#pending.length > 0 && this.#target.listenerCount('message') > 0) {
      this.#target.emit('message', ...this.#pending.shift());
    }
  }

  #sendInternal(message) {
    if (this.#target.connected) this.send(message, undefined, undefined, () => {});
  }

  #disconnectNow() {
    // The peer reads what was sent. What it leaves unread is taken back when the channel is closed: with its exit.
    this.#channel.shut();
    this.#carrier?.close();
    this.#finish();
  }

  // The peer has closed, or is dead: its exit may be reported later.
  #ended() {
    if (!this.#isOpen) return;
    this.#isEnding = true;
    // What was behind a message whose listener has thrown.
    this.#channel.flush();
    this.#arrivals.flush(true);
    this.#close();
    this.#finish();
  }

  #close() {
    this.#channel.close();
    this.#carrier?.close();
    const closed = () => nodeError(Error, 'ERR_IPC_CHANNEL_CLOSED', 'Channel closed');
    for (const { callback } of this.#outgoing.giveUp()) {
      if (typeof callback === 'function') process.nextTick(callback, closed());
    }
  }

  #finish() {
    this.#target.connected = false;
    this.#isOpen = false;
    process.nextTick(() => this.#announceEnd());
  }

  #announceEnd() {
    this.#target.channel = null;
    this.#emit('disconnect');
  }

  #fail(callback, error) {
    if (typeof callback === 'function') process.nextTick(callback, error);
    else process.nextTick(() => this.#target.emit('error', error));
  }

  #reference(referenced) {
    this.#explicitReference = referenced;
    this.#referenceAsWanted();
  }

  /** What is held back keeps the program alive until it has gone, as a write that is under way does. */
  #referenceAsWanted() {
    const isWanted = this.#explicitReference ?? this.#countedReference;
    this.#channel.setReferenced(isWanted || this.#outgoing.isHolding);
  }

  #hold(item) {
    const isFirst = this.#outgoing.hold(item);
    this.#referenceAsWanted();
    return isFirst;
  }
}

/** @returns {string} what is sent along; loads Node's classes for the first one */
function kindOf(handle) {
  const kind = require('./handles').kindOf(handle);
  if (kind !== undefined) return kind;
  throw nodeError(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent');
}

/** The peer is gone and its end has not been read yet, or the descriptor could not be sent: no fault of the message's. */
function asBroken(error) {
  if (error.syscall === 'write') return error;
  if (error.code !== 'ERR_MULTIPROC_CHANNEL_CLOSED') return null;
  return nodeError(Error, 'EPIPE', 'write EPIPE', { errno: -32, syscall: 'write' });
}

/** As Node.js names it: of a function its name, of others what they are. */
function described(value) {
  return typeof value === 'function'
    ? `function ${value.name}`
    : `type ${typeof value} (${String(value)}${typeof value === 'bigint' ? 'n' : ''})`;
}

function validateObject(options) {
  if (options === null || typeof options !== 'object') {
    throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "options" argument must be of type object.');
  }
}

function nodeError(Type, code, message, properties) {
  return Object.assign(new Type(message), { code }, properties);
}

module.exports = { attachIpc };
