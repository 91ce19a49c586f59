'use strict';
// connect(): a connection to the listener at an address.

const net = require('node:net');
const { clearTimeout, setTimeout } = require('node:timers');
const native = require('../binding');
const { onceAborted } = require('../aborts');
const { AbortError, MultiprocError } = require('../errors');
const { deadline } = require('../sync/deadline');
const { about, systemError } = require('../system_error');
const { addressText, parseAddress } = require('./address');
const { SocketConnection } = require('./connection');
const { shakeHands } = require('./handshake');
const { checkKey, checkPatience, checkPeer, socketOptions } = require('./options');
const { Transport } = require('./transport');

const EAGAIN = 11;
const BUSY_DELAY_MS = 20;

async function connect(address, options) {
  const call = 'connect()';
  const checked = socketOptions(call, options, ['timeout']);
  const limit = checkPatience(call, 'timeout', checked.timeout);
  const parsed = parseAddress(call, address);
  checkKey(call, parsed, checked.key);
  const { signal } = checked;
  if (signal?.aborted) throw new AbortError(signal.reason);

  const attempt = { parsed, remaining: deadline(limit), limit, subject: `the listener at ${addressText(parsed)}` };
  /** What is to be taken down when the signal comes. @type {() => void} */
  let stop = () => {};
  const aborted =
    signal &&
    new Promise((_, reject) => {
      attempt.forget = onceAborted(signal, () => {
        attempt.isAborted = true;
        reject(new AbortError(signal.reason));
        stop();
      });
    });
  const connected = establish(attempt, checked, (action) => {
    stop = action;
  });
  if (aborted === undefined) return connected;
  try {
    return await Promise.race([connected, aborted]);
  } finally {
    attempt.forget();
    // It came too late, or failed because of the abort.
    connected.then(
      (connection) => attempt.isAborted && connection.close(),
      () => {},
    );
  }
}

async function establish(attempt, checked, onStop) {
  const { parsed, remaining, subject } = attempt;
  const isLocal = parsed.kind === 'local';
  const socket = isLocal ? await connectLocal(attempt, checked.anyUser) : await connectTcp(attempt, onStop);
  onStop(() => socket.destroy());
  const { key, maxMessageBytes } = checked;
  const transport = new Transport(socket, isLocal);
  try {
    return await shakeHands(transport, {
      role: 'client',
      key,
      maxMessageBytes,
      limit: remaining(),
      subject,
      ready: (result) => new SocketConnection(transport, { ...checked, ...result }),
    });
  } catch (error) {
    throw error.code === 'ERR_MULTIPROC_TIMEOUT' ? timeoutError(attempt) : error;
  }
}

async function connectLocal(attempt, anyUser) {
  const { parsed, remaining, subject } = attempt;
  for (;;) {
    const fd = native.connectLocal(parsed.bytes);
    if (fd >= 0) {
      try {
        if (!anyUser) checkPeer(fd, subject);
      } catch (error) {
        native.closeFd(fd);
        throw error;
      }
      return new net.Socket({ fd, readable: true, writable: true });
    }
    // As many connections wait there as the listener lets wait.
    if (fd !== -EAGAIN) throw systemError(-fd, 'connect', parsed.shown, { address: parsed.shown });
    if (remaining() === 0) throw timeoutError(attempt);
    await new Promise((resolve) => setTimeout(resolve, BUSY_DELAY_MS));
    if (attempt.isAborted) throw new AbortError();
  }
}

function connectTcp(attempt, onStop) {
  const { parsed, limit } = attempt;
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: parsed.host, port: parsed.port, noDelay: true });
    onStop(() => socket.destroy());
    const timer = limit < 0 ? undefined : setTimeout(() => socket.destroy(timeoutError(attempt)), limit);
    const onError = (error) => {
      clearTimeout(timer);
      reject(about(error, addressText(parsed), { address: parsed.host, port: parsed.port }));
    };
    socket.once('error', onError);
    socket.once('close', () => reject(new AbortError()));
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

function timeoutError({ subject, limit }) {
  const message = `connect(): ${subject} did not answer within ${Math.round(limit)} ms`;
  return new MultiprocError('ERR_MULTIPROC_TIMEOUT', message);
}

module.exports = { connect };
