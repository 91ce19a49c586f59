'use strict';
// MessageQueue: a POSIX message queue, mq_overview(7): bytes with priorities, kept by the system between any programs.
//
// On Linux a queue is a descriptor that can be watched: who waits for a message, or for room, waits in the event loop.

const fs = require('node:fs');
const native = require('../binding');
const runtime = require('../runtime');
const { checkInteger, invalidType, invalidValue, ownOptions } = require('../arguments');
const { dispose } = require('../dispose');
const { MultiprocError } = require('../errors');
const { about } = require('../system_error');
const { waitOptions, waitUntil } = require('../waits');

/** What Linux takes at most, whatever its settings: HARD_MSGMAX, HARD_MSGSIZEMAX, MQ_PRIO_MAX - 1, NAME_MAX. */
const MESSAGES_MAX = 65_536;
const MESSAGE_SIZE_MAX = 16 * 1024 * 1024;
const PRIORITY_MAX = 32_767;
const NAME_BYTES_MAX = 255;
const SETTINGS = '/proc/sys/fs/mqueue';

class MessageQueue {
  #name;
  #native;
  #messageSize;
  #isClosed = false;
  #senders;
  #receivers;

  /** For this package alone: `MessageQueue.open()` makes them. */
  constructor(name, opened) {
    this.#name = name;
    this.#native = opened;
    this.#messageSize = opened.attributes()[1];
    this.#senders = new Line(opened, true);
    this.#receivers = new Line(opened, false);
  }

  static open(name, options) {
    const call = 'MessageQueue.open()';
    checkName(call, name);
    const own = ownOptions(call, options, ['create', 'exclusive', 'maxMessages', 'messageSize', 'mode']);
    const { exclusive = false, create = exclusive, mode = 0o600 } = own;
    for (const [key, value] of Object.entries({ create, exclusive })) {
      if (typeof value !== 'boolean') throw invalidType(call, key, 'a boolean', value);
    }
    const creation = {
      exclusive,
      maxMessages: checkInteger(call, 'maxMessages', own.maxMessages ?? 10, 1, MESSAGES_MAX),
      messageSize: checkInteger(call, 'messageSize', own.messageSize ?? 8192, 1, MESSAGE_SIZE_MAX),
      mode: checkInteger(call, 'mode', mode, 0, 0o777),
    };
    try {
      return new MessageQueue(name, native.openMessageQueue(name, create || exclusive ? creation : undefined));
    } catch (error) {
      throw about(error, name, { path: name, hint: hintFor(error, create) });
    }
  }

  static unlink(name) {
    checkName('MessageQueue.unlink()', name);
    try {
      native.unlinkMessageQueue(name);
    } catch (error) {
      throw about(error, name, { path: name });
    }
  }

  get name() {
    return this.#name;
  }

  get attributes() {
    this.#open('attributes');
    const [maxMessages, messageSize, currentMessages] = this.#native.attributes();
    return { maxMessages, messageSize, currentMessages };
  }

  async send(data, options) {
    const { limit, signal } = waitOptions('messageQueue.send()', options);
    const { bytes, priority } = this.#checked('send', data, options);
    // What waits must not change any more.
    let kept = bytes;
    const attempt = () => this.#native.send(kept, priority) || undefined;
    await this.#senders.enter(limit, signal, attempt, () => {
      kept = Uint8Array.from(bytes);
      return `messageQueue.send(): no room in '${this.#name}'`;
    });
  }

  trySend(data, options) {
    const { bytes, priority } = this.#checked('trySend', data, options);
    return this.#senders.isEmpty && this.#native.send(bytes, priority);
  }

  async receive(options) {
    const { limit, signal } = waitOptions('messageQueue.receive()', options);
    this.#open('receive');
    const attempt = () => this.#native.receive() ?? undefined;
    return this.#receivers.enter(limit, signal, attempt, () => `messageQueue.receive(): no message in '${this.#name}'`);
  }

  tryReceive() {
    this.#open('tryReceive');
    return this.#receivers.isEmpty ? (this.#native.receive() ?? undefined) : undefined;
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#senders.close(() => this.#closedError('send'));
    this.#receivers.close(() => this.#closedError('receive'));
    this.#native.close();
  }

  unlink() {
    try {
      MessageQueue.unlink(this.#name);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }

  [dispose]() {
    this.close();
  }

  #checked(method, data, options) {
    const call = `messageQueue.${method}()`;
    this.#open(method);
    const { priority = 0 } = ownOptions(call, options, ['priority']);
    checkInteger(call, 'priority', priority, 0, PRIORITY_MAX);
    const bytes = bytesOf(call, data);
    if (bytes.length <= this.#messageSize) return { bytes, priority };
    const message = `${call}: a message of ${bytes.length} bytes is more than the queue's messageSize (${this.#messageSize})`;
    throw new MultiprocError('ERR_MULTIPROC_MESSAGE_SIZE', message);
  }

  #open(method) {
    if (this.#isClosed) throw this.#closedError(method);
  }

  #closedError(method) {
    return new MultiprocError(
      'ERR_MULTIPROC_CLOSED',
      `messageQueue.${method}: '${this.#name}' was closed in this thread`,
    );
  }
}

/** The calls of this thread that wait at one end of a queue, in order. */
class Line {
  #native;
  #isForRoom;
  #waiting = [];
  #waitId;

  constructor(opened, isForRoom) {
    this.#native = opened;
    this.#isForRoom = isForRoom;
  }

  get isEmpty() {
    return this.#waiting.length === 0;
  }

  /**
   * @template T
   * @param {() => T | undefined} attempt
   * @param {() => string} describe called when it has to wait; what it waits for in vain
   * @returns {Promise<T>} what `attempt` gives as soon as it gives something
   */
  enter(limit, signal, attempt, describe) {
    const place = { attempt };
    let what;
    const begin = (resolve, reject) => {
      if (this.isEmpty) {
        const result = attempt();
        if (result !== undefined) return resolve(result);
      }
      what = describe();
      Object.assign(place, { resolve, reject });
      this.#waiting.push(place);
      this.#watch();
    };
    return waitUntil(limit, signal, begin, (error) => {
      this.#waiting.splice(this.#waiting.indexOf(place), 1);
      if (this.isEmpty) this.#forget();
      throw error ?? new MultiprocError('ERR_MULTIPROC_TIMEOUT', `${what} within ${Math.round(limit)} ms`);
    });
  }

  close(makeError) {
    this.#forget();
    for (const { reject } of this.#waiting.splice(0)) reject(makeError());
  }

  #watch() {
    if (this.#waitId !== undefined) return;
    const begin = (instance) => this.#native.wait(instance, this.#isForRoom);
    this.#waitId = runtime.awaitDescriptor(begin, () => {
      this.#waitId = undefined;
      this.#serve();
    });
  }

  #forget() {
    if (this.#waitId !== undefined) runtime.forgetDescriptor(this.#waitId);
    this.#waitId = undefined;
  }

  // Somebody else may have been faster.
  #serve() {
    while (!this.isEmpty) {
      const { attempt, resolve, reject } = this.#waiting[0];
      try {
        const result = attempt();
        if (result === undefined) return this.#watch();
        this.#waiting.shift();
        resolve(result);
      } catch (error) {
        this.#waiting.shift();
        reject(error);
      }
    }
  }
}

function checkName(call, name) {
  if (typeof name !== 'string') throw invalidType(call, 'name', 'a string', name);
  const isName = /^\/[^/\0]+$/.test(name) && name !== '/.' && name !== '/..';
  if (!isName || Buffer.byteLength(name) > NAME_BYTES_MAX + 1) {
    throw invalidValue(call, 'name', `a slash and 1 to ${NAME_BYTES_MAX} bytes without slash and NUL`, name);
  }
}

function bytesOf(call, data) {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw invalidType(call, 'data', 'a string, Buffer, typed array or DataView', data);
}

/** What the user can do about a queue that the system did not open. */
function hintFor({ code }, create) {
  const setting = (name) => {
    try {
      return fs.readFileSync(`${SETTINGS}/${name}`, 'utf8').trim();
    } catch {
      return 'unknown';
    }
  };
  switch (code) {
    case 'EINVAL': {
      if (!create) return undefined;
      const limits = `${setting('msg_max')} messages (${SETTINGS}/msg_max) of ${setting('msgsize_max')} bytes (${SETTINGS}/msgsize_max)`;
      return `this system takes at most ${limits} in a queue`;
    }
    case 'ENOENT':
      return create ? undefined : 'there is no such queue; { create: true } makes it';
    case 'ENOSPC':
      return `this system takes at most ${setting('queues_max')} queues (${SETTINGS}/queues_max)`;
    case 'EMFILE':
      return 'the queue would take more memory than RLIMIT_MSGQUEUE (ulimit -q), or too many descriptors are open';
    default:
      return undefined;
  }
}

module.exports = { MessageQueue };
