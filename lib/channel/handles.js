'use strict';
// What may go with a message of `fork`, on both sides: which descriptor it has, what becomes of the sender's, and how the
// receiver makes one of the descriptor.
//
// As in Node.js: a Socket is the receiver's alone, unless `keepOpen`; a Server, a dgram.Socket and the handles of Node's own
// that lie below (`server._handle`) are both sides'.

const dgram = require('node:dgram');
const net = require('node:net');
const native = require('../binding');

const STREAMS = ['TCP', 'Pipe'];
const DATAGRAMS = ['UDP'];

/**
 * @typedef {{ kind: string, key?: string, dgramType?: string }} Description what the receiver has to know
 * @typedef {{ ready(handle: object): void, failed(error: Error): void }} Waiter
 *
 * By name, as Node.js calls them. `native`: the handle below, whose `fd` is sent; none: there is nothing to be sent any
 * more. `make`: an object for a descriptor, which it owns; with a waiter it is one that tells when it is ready.
 *
 * @type {Record<string, {
 *   is(value: object): boolean,
 *   native(value: any): { fd: number } | null | undefined,
 *   describe?(value: any): Partial<Description>,
 *   giveAway?(value: any): void,
 *   make(descriptor: number, description: Description): object,
 *   isReadyLater?: boolean,
 * }>}
 */
const KINDS = {
  'net.Socket': {
    is: (value) => value instanceof net.Socket && isStream(value),
    native: (socket) => socket._handle,
    // The server that accepted it counts it wherever it goes: see socket_lists.js.
    describe: ({ server }) => (server ? { key: server._connectionKey } : {}),
    giveAway: giveSocketAway,
    make: (fd) => new net.Socket({ fd, readable: true, writable: true }),
  },
  // Since Node.js 26. One of a path is refused, as there.
  'net.BoundSocket': {
    is: (value) => net.BoundSocket !== undefined && value instanceof net.BoundSocket && !value.isPipe,
    native: (bound) => ({ fd: bound.fd() }),
    giveAway: (bound) => bound.close(),
    make: makeBoundSocket,
  },
  'net.Server': {
    is: (value) => value instanceof net.Server,
    native: (server) => server._handle,
    // `exclusive`: this process's own, also where the program is a worker of node:cluster.
    make: (fd) => new net.Server().listen({ fd, exclusive: true }),
    isReadyLater: true,
  },
  'net.Native': {
    is: (value) => isNative(value, STREAMS),
    native: (handle) => handle,
    make: makeStreamHandle,
  },
  'dgram.Socket': {
    is: (value) => value instanceof dgram.Socket,
    native: (socket) => datagramHandle(socket),
    describe: ({ type }) => ({ dgramType: type }),
    make: (fd, { dgramType }) => dgram.createSocket(dgramType).bind({ fd, exclusive: true }),
  },
  'dgram.Native': {
    is: (value) => isNative(value, DATAGRAMS),
    native: (handle) => handle,
    make: (fd) => {
      const handle = datagramHandle(dgram.createSocket('udp4'));
      const status = handle.open(fd);
      if (status < 0) throw new Error(`the descriptor is no datagram socket (${status})`);
      return handle;
    },
  },
};

// A socket without a handle is one that was closed meanwhile, and is nothing rather than wrong. TLS has keys, and a
// terminal no socket.
function isStream({ _handle }) {
  return !_handle || isNative(_handle, STREAMS);
}

function isNative(value, names) {
  return names.includes(value.constructor?.name) && typeof value.fd === 'number' && typeof value.close === 'function';
}

/** Node.js has no public name for it, and its own `_handle` warns. */
function datagramHandle(socket) {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol');
  return socket[symbol]?.handle;
}

/** @returns {string | undefined} the kind of what may be sent */
function kindOf(value) {
  if (typeof value !== 'object' && typeof value !== 'function') return undefined;
  return Object.keys(KINDS).find((kind) => KINDS[kind].is(value));
}

/** @returns {{ handle: { fd: number, close(): void }, description: Description } | null} null: nothing is left of it */
function openHandle(kind, value) {
  const handle = KINDS[kind].native(value);
  return handle ? { handle, description: { kind, ...KINDS[kind].describe?.(value) } } : null;
}

/** It was sent: what is the receiver's alone is closed here. */
function giveAway(kind, value) {
  KINDS[kind].giveAway?.(value);
}

/** The Socket is an empty one from then on. */
function giveSocketAway(socket) {
  const handle = socket._handle;
  socket._handle = null;
  socket.setTimeout(0);
  freeParser(socket);
  handle.close();
}

function makeStreamHandle(fd) {
  const socket = new net.Socket({ fd, manualStart: true });
  const handle = socket._handle;
  socket._handle = null;
  return handle;
}

/** As one that comes from another thread: Node.js has no public way from a descriptor. */
function makeBoundSocket(fd) {
  const symbols = Object.getOwnPropertySymbols(net.BoundSocket.prototype);
  const deserialize = symbols.find(({ description }) => description === 'messaging_deserialize_symbol');
  const bound = new net._TransferredBoundSocket();
  bound[deserialize]({ handle: makeStreamHandle(fd) });
  return bound;
}

/**
 * An HTTP server's parser reads from the handle, past the Socket. It may be at work further up the stack, and puts itself
 * into its server's list of connections once more when it is done. What it has has no public way out.
 */
function freeParser(socket) {
  const { parser } = socket;
  if (!parser) return;
  if (parser._consumed) parser.unconsume();
  socket.parser = null;
  socket._httpMessage?.detachSocket(socket);
  setImmediate(() => {
    parser.remove();
    parser.socket = null;
    parser.incoming = null;
    parser.outgoing = null;
    parser.close();
  });
}

/**
 * @param {number} descriptor owned by what is made of it, and closed when there is an error
 * @param {Description} description of a peer: may hold anything
 * @returns {{ handle: object, isReadyLater: boolean }}
 */
function makeHandle(descriptor, description) {
  const kind = Object.hasOwn(KINDS, description.kind) ? KINDS[description.kind] : undefined;
  try {
    if (kind === undefined) throw new Error(`it is of the unknown kind ${description.kind}`);
    return { handle: kind.make(descriptor, description), isReadyLater: kind.isReadyLater === true };
  } catch (error) {
    native.closeFd(descriptor);
    throw error;
  }
}

module.exports = { giveAway, kindOf, makeHandle, openHandle };
