'use strict';
// What listeners and clients are told in the same words.

const { constants } = require('node:buffer');
const { isUint8Array } = require('node:util/types');
const native = require('../binding');
const { checkInteger, checkSignal, checkTimeout, invalidType, invalidValue, ownOptions } = require('../arguments');
const { MultiprocError } = require('../errors');
const { systemError } = require('../system_error');
const { MESSAGE_BYTES_MAX } = require('./connection');

const KNOWN = ['authKey', 'anyUser', 'maxMessageBytes', 'highWaterMark', 'signal'];
const MESSAGE_BYTES = 2 ** 30;
const HIGH_WATER_MARK = 2 ** 20;
/** How long a handshake may take, and a `connect()` altogether. */
const PATIENCE_MS = 5000;

/**
 * @param {string} call what errors name
 * @param {unknown} options
 * @param {string[]} more what this call knows besides
 * @returns {Record<string, unknown>} checked, with defaults; `key` is a copy of `authKey`
 */
function socketOptions(call, options, more) {
  const own = ownOptions(call, options, [...KNOWN, ...more]);
  const most = Math.min(MESSAGE_BYTES_MAX, constants.MAX_LENGTH);
  const { anyUser = false } = own;
  if (typeof anyUser !== 'boolean') throw invalidType(call, 'anyUser', 'a boolean', anyUser);
  return {
    ...own,
    anyUser,
    key: keyOf(call, own.authKey),
    maxMessageBytes: checkInteger(call, 'maxMessageBytes', own.maxMessageBytes ?? MESSAGE_BYTES, 1, most),
    highWaterMark: checkInteger(call, 'highWaterMark', own.highWaterMark ?? HIGH_WATER_MARK, 1, most),
    signal: checkSignal(call, own.signal),
  };
}

function keyOf(call, key) {
  if (key === undefined) return undefined;
  if (typeof key !== 'string' && !isUint8Array(key)) {
    throw invalidType(call, 'authKey', 'a string, Buffer or Uint8Array', key);
  }
  if (key.length === 0) throw invalidValue(call, 'authKey', 'at least one byte', key);
  return Buffer.from(key);
}

function checkPatience(call, name, value) {
  return value === undefined ? PATIENCE_MS : checkTimeout(call, value, name);
}

/** Whoever reaches the port can speak to it: a key is needed. */
function checkKey(call, address, key) {
  if (address.kind !== 'tcp' || key !== undefined) return;
  throw new MultiprocError('ERR_MULTIPROC_AUTH', `${call}: a TCP address needs an authKey, the same one at both ends`);
}

/** The programs of one user, and root, may speak to each other. @throws for anybody else */
function checkPeer(fd, subject) {
  const [uid, pid] = native.peerOfSocket(fd);
  if (pid === undefined) throw systemError(-uid, 'getsockopt', subject);
  if (uid === 0 || uid === process.geteuid()) return;
  const message = `${subject} is of the user ${uid} (process ${pid}); set anyUser to take it all the same`;
  throw new MultiprocError('ERR_MULTIPROC_AUTH', message, { uid, pid });
}

module.exports = { socketOptions, checkKey, checkPatience, checkPeer };
