'use strict';
// The message channel of `fork`, on both sides: what Node.js puts on a ChildProcess and on `process`, over a channel in
// shared memory. Serialisation 'json' and 'advanced' as in Node.js; a message that holds multiproc's own objects travels
// by our codec in either.

const { TEXT } = require('./channel');
const { jsonMeetings, unpack } = require('../travel');

/** Above this many unread bytes `send` returns false, as Node.js does when its pipe is full. */
const HIGH_WATER_MARK = 64 * 1024;

/**
 * Gives `target` connected, send, disconnect and channel, and lets it emit 'message' and 'disconnect'.
 *
 * @param {import('node:events').EventEmitter} target a ChildProcess, or `process`
 * @param {import('./channel').Channel} channel
 * @param {{ serialization: 'json' | 'advanced', referenced: boolean }} options
 */
function attachIpc(target, channel, { serialization, referenced }) {
  const ipc = new Ipc(target, channel, serialization);
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
  #serialization;
  #pending = [];
  #explicitReference;
  #countedReference;
  #listeners = 0;

  constructor(target, channel, serialization) {
    this.#target = target;
    this.#channel = channel;
    this.#serialization = serialization;
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
      if (this.#explicitReference === undefined) this.#channel.setReferenced(this.#countedReference);
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
        `The "message" argument must be one of type string, object, number, or boolean. Received type ${typeof message}`,
      );
    }
    if (handle !== undefined && handle !== null) {
      throw nodeError(
        TypeError,
        'ERR_INVALID_HANDLE_TYPE',
        'Sending sockets and servers is not supported by this channel yet',
      );
    }
    if (!this.#target.connected) {
      const error = nodeError(Error, 'ERR_IPC_CHANNEL_CLOSED', 'Channel closed');
      if (typeof callback === 'function') process.nextTick(callback, error);
      else process.nextTick(() => this.#target.emit('error', error));
      return false;
    }
    let backlog;
    try {
      backlog = this.#write(message);
    } catch (error) {
      if (error.code !== 'ERR_MULTIPROC_CHANNEL_CLOSED') throw error;
      // The peer is gone and its end has not been read yet: as a write to a broken pipe.
      const broken = nodeError(Error, 'EPIPE', 'write EPIPE', { errno: -32, syscall: 'write' });
      if (typeof callback === 'function') process.nextTick(callback, broken);
      else process.nextTick(() => this.#target.emit('error', broken));
      return false;
    }
    if (typeof callback === 'function') process.nextTick(callback, null);
    return backlog < HIGH_WATER_MARK;
  }

  disconnect() {
    if (!this.#target.connected) {
      this.#target.emit('error', nodeError(Error, 'ERR_IPC_DISCONNECTED', 'IPC channel is already disconnected'));
      return;
    }
    // The peer reads what was sent. What it leaves unread is taken back when the channel is closed: with its exit.
    this.#channel.shut();
    this.#finish();
  }

  /** The peer's process has ended: what it sent is delivered, then the channel is closed. */
  peerEnded() {
    this.#channel.discardUndelivered();
    const wasConnected = this.#target.connected;
    if (wasConnected) this.#channel.flush();
    this.#target.connected = false;
    this.#channel.close();
    // Before 'exit', as in Node.js.
    if (wasConnected) this.#announceEnd();
  }

  #write(message) {
    if (this.#serialization === 'advanced') return this.#channel.sendValue(message, 'message');
    jsonMeetings.count = 0;
    const text = JSON.stringify(message);
    // One of our objects was inside: it travels by the codec, as it has no JSON.
    if (jsonMeetings.count > 0) return this.#channel.sendValue(message, 'message');
    return this.#channel.sendText(text);
  }

  #receive(type, content) {
    const message = type === TEXT ? JSON.parse(content) : unpack(content);
    const isInternal = typeof message?.cmd === 'string' && message.cmd.startsWith('NODE_');
    if (!isInternal && this.#target.listenerCount('message') === 0) this.#pending.push(message);
    else this.#target.emit(isInternal ? 'internalMessage' : 'message', message, undefined);
  }

  #deliverPending() {
    while (this.#pending.length > 0 && this.#target.listenerCount('message') > 0) {
      this.#target.emit('message', this.#pending.shift(), undefined);
    }
  }

  // The peer has closed, or is dead: its exit may be reported later.
  #ended() {
    if (!this.#target.connected) return;
    this.#channel.close();
    this.#finish();
  }

  #finish() {
    this.#target.connected = false;
    process.nextTick(() => this.#announceEnd());
  }

  #announceEnd() {
    this.#target.channel = null;
    this.#target.emit('disconnect');
  }

  #reference(referenced) {
    this.#explicitReference = referenced;
    this.#channel.setReferenced(referenced);
  }
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
