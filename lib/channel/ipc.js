'use strict';
// The message channel of `fork`, on both sides: what Node.js puts on a ChildProcess and on `process`, over a channel in
// shared memory. Serialisation 'json' and 'advanced' as in Node.js; a message that holds multiproc's own objects travels
// by our codec in either. Sockets and servers go beside it (carrier.js).

const { setImmediate } = require('node:timers');
const { Arrivals } = require('./arrivals');
const { TAKEN } = require('./channel');
const { Control } = require('./control');
const { Outgoing, WAITS } = require('./outgoing');
const { SocketLists } = require('./socket_lists');
const { argumentType, nodeError } = require('../node_errors');

/** Above this many unread bytes `send` returns false, as Node.js does when its pipe is full. */
const HIGH_WATER_MARK = 64 * 1024;
/** Messages of this kind are Node's own and its libraries'. */
const INTERNAL = 'NODE_';

/**
 * Gives `target` connected, send, disconnect and channel, and lets it emit 'message' and 'disconnect'.
 *
 * @param {import('node:events').EventEmitter} target a ChildProcess, or `process`
 * @param {import('./channel').Channel} channel
 * @param {{ carrier: import('./carrier').Carrier | null, serialization: 'json' | 'advanced', referenced: boolean,
 *   hasPeer?: boolean }} options `hasPeer: false`: the program could not be started, and is told so soon
 */
function attachIpc(target, channel, { carrier, serialization, referenced, hasPeer = true }) {
  const ipc = new Ipc(target, channel, { carrier, serialization, referenced, hasPeer });
  target.connected = true;
  target.channel = ipc.control;
  target.send = (message, handle, options, callback) => ipc.send(message, handle, options, callback);
  target.disconnect = () => ipc.disconnect();
  ipc.listen();
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
  /** A message was told in the turn in which the end was found. */
  #hasToldLast = false;
  /** Messages, and what came with them, that nobody listens for yet. */
  #pending = [];
  #hasPeer;

  constructor(target, channel, { carrier, serialization, referenced, hasPeer }) {
    this.#target = target;
    this.#hasPeer = hasPeer;
    this.#channel = channel;
    this.#carrier = carrier;
    const lists = new SocketLists(target, (message) => this.#sendInternal(message));
    this.#outgoing = new Outgoing({ channel, carrier, lists, isAdvanced: serialization === 'advanced' });
    this.#arrivals = new Arrivals(channel, carrier, lists, (message, handle) => this.#deliver(message, handle));
    this.control = new Control(
      referenced,
      () => this.#referenceAsWanted(),
      () => carrier?.descriptor,
    );
  }

  listen() {
    this.#channel.listen(
      (type, content) => this.#receive(type, content),
      () => this.#ended(),
      this.control.hasRef(),
      (error) => this.#fail(undefined, error),
    );
    this.#target.on('newListener', (name) => {
      if (name === 'message') process.nextTick(() => this.#deliverPending());
    });
  }

  /** In a child: the channel keeps the process alive exactly while somebody listens to it. */
  followListeners() {
    const isWatched = (name) => name === 'message' || name === 'disconnect';
    this.#target.on('newListener', (name) => isWatched(name) && this.control.refCounted());
    this.#target.on('removeListener', (name) => isWatched(name) && this.control.unrefCounted());
  }

  send(message, handle, options, callback) {
    if (typeof handle === 'function') [callback, handle, options] = [handle, undefined, undefined];
    else if (typeof options === 'function') [callback, options] = [options, undefined];
    else if (options !== undefined) checkObject(options);
    if (!this.#target.connected) {
      this.#fail(callback, closed());
      return false;
    }
    checkMessage(message);
    const kind = handle ? kindOf(handle) : undefined;
    const isQuiet = options?.swallowErrors === true;
    if (!this.#hasPeer) {
      if (!isQuiet) this.#fail(callback, brokenPipe());
      return true;
    }
    const item = { message, kind, handle, keepOpen: options?.keepOpen === true, callback };
    if (this.#outgoing.isHolding) return this.#hold(item);
    let backlog;
    try {
      backlog = this.#outgoing.transmit(item);
    } catch (error) {
      const broken = asBroken(error);
      if (broken === null) throw error;
      if (!isQuiet) this.#fail(callback, broken);
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

  /**
   * The peer's process has ended: what it sent is delivered, then the channel is closed.
   * @returns {Array<() => void> | undefined} what is to be done, each in a turn of its own, before the end is told: something
   *   has just been told, and who awaits one after the other is to have come so far. undefined: nothing was told
   */
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
    if (!wasOpen) return undefined;
    const announce = () => this.#announceEnd();
    // Before 'exit', as in Node.js, and behind the error of a start that failed.
    if (!this.#hasPeer) process.nextTick(announce);
    else if (this.#hasToldLast) return [announce];
    else announce();
    return this.#hasPeer ? [] : undefined;
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
    const { cmd } = Object(message);
    const isInternal = typeof cmd === 'string' && cmd.length > INTERNAL.length && cmd.startsWith(INTERNAL);
    if (!isInternal && this.#target.listenerCount('message') === 0) this.#pending.push([message, handle]);
    else this.#emit(isInternal ? 'internalMessage' : 'message', message, handle);
  }

  /** What a listener throws is an uncaught exception, at once or, at the end, when that was told. */
  #emit(...event) {
    this.#hasToldLast ||= this.#isEnding;
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
    for (const { callback } of this.#outgoing.giveUp()) {
      if (typeof callback === 'function') process.nextTick(callback, closed());
    }
  }

  #finish() {
    this.#target.connected = false;
    this.#target.channel = null;
    this.#isOpen = false;
    const announce = () => this.#announceEnd();
    if (this.#hasToldLast) setImmediate(announce);
    else process.nextTick(announce);
  }

  #announceEnd() {
    this.#target.channel = null;
    this.#emit('disconnect');
  }

  #fail(callback, error) {
    if (typeof callback === 'function') process.nextTick(callback, error);
    else process.nextTick(() => this.#target.emit('error', error));
  }

  /** What is held back keeps the program alive until it has gone, as a write that is under way does. */
  #referenceAsWanted() {
    this.#channel.setReferenced(this.control.hasRef() || this.#outgoing.isHolding);
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
  return brokenPipe();
}

function checkMessage(message) {
  if (message === undefined) {
    throw nodeError(TypeError, 'ERR_MISSING_ARGS', 'The "message" argument must be specified');
  }
  if (!['string', 'object', 'number', 'boolean'].includes(typeof message)) {
    throw argumentType('message', 'one of type string, object, number, or boolean', message);
  }
}

function checkObject(options) {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw argumentType('options', 'of type object', options);
  }
}

const closed = () => nodeError(Error, 'ERR_IPC_CHANNEL_CLOSED', 'Channel closed');

/** As the system tells of it. */
const brokenPipe = () => Object.assign(new Error('write EPIPE'), { errno: -32, code: 'EPIPE', syscall: 'write' });

module.exports = { attachIpc };
