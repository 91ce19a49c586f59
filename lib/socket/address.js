'use strict';
// Where a listener is found: a path, an abstract name, or a host and a port.

const { invalidType, invalidValue, checkInteger, ownOptions } = require('../arguments');

const HINT =
  "a path, '@name' for an abstract socket, 'tcp://host:port', or an object with a port and, unless it is 127.0.0.1, a host";
/** What sockaddr_un holds, with the NUL that ends a path, or begins a name. */
const BYTES_MAX = 107;
/** The listener binds its socket under a name of that length first, in the folder of the path: src/sys/local_socket.rs. */
const OWN_NAME_BYTES = '.mp-0123456789abcdef'.length;

/**
 * @typedef {{ kind: 'local', bytes: Buffer, shown: string } | { kind: 'tcp', host: string, port: number }} Address
 * @param {string} call what errors name
 * @param {unknown} address
 * @returns {Address}
 */
function parseAddress(call, address) {
  if (typeof address === 'string') {
    return address.startsWith('tcp://') ? parseUrl(call, address) : parseLocal(call, address);
  }
  if (address === null || typeof address !== 'object' || Array.isArray(address)) {
    throw invalidType(call, 'address', HINT, address);
  }
  const { host = '127.0.0.1', port } = ownOptions(call, address, ['host', 'port']);
  if (typeof host !== 'string') throw invalidType(call, 'address.host', 'a string', host);
  if (host === '' || host.includes('\0')) throw invalidValue(call, 'address.host', 'a host name or address', host);
  return { kind: 'tcp', host, port: checkInteger(call, 'address.port', port, 0, 65_535) };
}

function parseUrl(call, text) {
  const match = /^tcp:\/\/(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:/?#@\0]+)):(\d{1,5})\/?$/.exec(text);
  if (match === null) throw invalidValue(call, 'address', "'tcp://host:port'", text);
  return {
    kind: 'tcp',
    host: match[1] ?? match[2],
    port: checkInteger(call, 'address.port', Number(match[3]), 0, 65_535),
  };
}

function parseLocal(call, text) {
  const isAbstract = text.startsWith('@') || text.startsWith('\0');
  const name = isAbstract ? text.slice(1) : text;
  if (name === '' || name.includes('\0')) throw invalidValue(call, 'address', HINT, text);
  const bytes = Buffer.from(isAbstract ? `\0${name}` : name);
  const own = isAbstract ? 0 : Buffer.byteLength(name.slice(0, name.lastIndexOf('/') + 1)) + OWN_NAME_BYTES;
  if (Math.max(bytes.length, own) > BYTES_MAX) {
    throw invalidValue(
      call,
      'address',
      `at most ${BYTES_MAX} bytes, its folder at most ${BYTES_MAX - OWN_NAME_BYTES}`,
      text,
    );
  }
  return { kind: 'local', bytes, shown: isAbstract ? `@${name}` : name };
}

/** As errors name it. */
function addressText(address) {
  if (address.kind === 'local') return address.shown;
  return address.host.includes(':')
    ? `tcp://[${address.host}]:${address.port}`
    : `tcp://${address.host}:${address.port}`;
}

module.exports = { parseAddress, addressText };
