'use strict';
// How a server counts the connections that it has given to other processes: server.getConnections() asks them, and
// server.close() waits for their ends. Node's own server does the asking, through `_setupWorker`; the messages are Node's.

const { EventEmitter } = require('node:events');

/** The sockets of one server that were sent to one process. Tells 'exit' when that has ended. */
class SentSockets extends EventEmitter {
  #target;
  #send;
  #key;

  /**
   * @param {EventEmitter & { connected: boolean }} target a ChildProcess, or `process`
   * @param {(message: object) => void} send
   */
  constructor(target, send, key) {
    super();
    this.#target = target;
    this.#send = send;
    this.#key = key;
  }

  /** @param {() => void} callback all are closed, or the process has gone */
  close(callback) {
    this.#ask('NODE_SOCKET_NOTIFY_CLOSE', 'NODE_SOCKET_ALL_CLOSED', callback);
  }

  getConnections(callback) {
    this.#ask('NODE_SOCKET_GET_COUNT', 'NODE_SOCKET_COUNT', (error, answer) => callback(error, answer?.count));
  }

  #ask(cmd, expected, callback) {
    const target = this.#target;
    const onAnswer = (message) => {
      if (message.cmd === expected && message.key === this.#key) settle(null, message);
    };
    const onGone = () => {
      const error = new Error('Child closed before reply received');
      settle(Object.assign(error, { code: 'ERR_CHILD_CLOSED_BEFORE_REPLY' }));
    };
    const settle = (error, answer) => {
      target.off('internalMessage', onAnswer);
      target.off('disconnect', onGone);
      callback(error, answer);
    };
    if (!target.connected) return onGone();
    target.on('internalMessage', onAnswer);
    target.on('disconnect', onGone);
    this.#send({ cmd, key: this.#key });
  }
}

/** The sockets that came from one server of another process. */
class ReceivedSockets {
  #count = 0;
  #isAwaited = false;

  constructor(target, send, key) {
    this.tellIfEmpty = () => {
      if (!this.#isAwaited || this.#count > 0) return;
      this.#isAwaited = false;
      send({ cmd: 'NODE_SOCKET_ALL_CLOSED', key });
    };
    target.on('internalMessage', (message) => {
      if (message.key !== key) return;
      if (message.cmd === 'NODE_SOCKET_GET_COUNT') send({ cmd: 'NODE_SOCKET_COUNT', key, count: this.#count });
      if (message.cmd !== 'NODE_SOCKET_NOTIFY_CLOSE') return;
      this.#isAwaited = true;
      this.tellIfEmpty();
    });
  }

  add(socket) {
    this.#count += 1;
    socket.once('close', () => {
      this.#count -= 1;
      this.tellIfEmpty();
    });
  }
}

/** The lists of one channel. */
class SocketLists {
  #target;
  #send;
  /** By server: its key is its address, which another one may have had before. @type {Map<object, SentSockets>} */
  #sent = new Map();
  /** @type {Map<string, ReceivedSockets>} */
  #received = new Map();

  constructor(target, send) {
    this.#target = target;
    this.#send = send;
  }

  /** A socket goes: its server asks this channel from now on, and counts it here only when it stays open here. */
  noteSent({ server }, key, isKept) {
    if (!isKept) server._connections -= 1;
    if (this.#sent.has(server)) return;
    if (this.#sent.size === 0) this.#target.once('exit', () => this.#ended());
    const list = new SentSockets(this.#target, this.#send, key);
    this.#sent.set(server, list);
    server.once('close', () => this.#sent.delete(server));
    server._setupWorker(list);
  }

  noteReceived(socket, key) {
    let list = this.#received.get(key);
    if (list === undefined) {
      list = new ReceivedSockets(this.#target, this.#send, key);
      this.#received.set(key, list);
    }
    list.add(socket);
  }

  #ended() {
    for (const [server, list] of this.#sent) {
      list.emit('exit', list);
      // Else Node's server waits for the answers of nobody, in getConnections() and close().
      if (server._workers.length === 0) server._usingWorkers = false;
    }
    this.#sent.clear();
  }
}

module.exports = { SocketLists };
