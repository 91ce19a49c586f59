'use strict';
// How two programs begin a connection: limits, keys, and whether they are of one family.
//
// | frame | from | content |
// |---|---|---|
// | hello | listener, then client | magic, version, flags, largest message, 32 random bytes |
// | proof | client, then listener | a MAC with the key (or zeros), a MAC with the nonce of the family's domain |
// | refused | either | why |
//
// Each MAC (HMAC-SHA-256) covers what it proves, the role of who proves it, and both hellos: what was recorded fits no other
// connection, and what one side has sent is of no use to it when sent back. Nothing is sent that tells the key or the
// domain's nonce. The bytes that follow are neither signed nor encrypted. After "HMAC: Keyed-Hashing for Message
// Authentication" (RFC 2104) and the challenges of Python's multiprocessing.connection.

const { createHmac, randomBytes, timingSafeEqual } = require('node:crypto');
const { clearTimeout, setTimeout } = require('node:timers');
const native = require('../binding');
const runtime = require('../runtime');
const { MultiprocError } = require('../errors');
const { systemError } = require('../system_error');
const { FRAME, frameOf } = require('./frames');

const MAGIC = 'MPSK';
const VERSION = 1;
const FLAG_KEY = 1;
const NONCE_BYTES = 32;
const MAC_BYTES = 32;
const HELLO_BYTES = 10 + NONCE_BYTES;
const PROOF_BYTES = 2 * MAC_BYTES;
const ECONNREFUSED = 111;

/** Why a connection is refused, in the one byte of that frame. */
const REFUSED = Object.freeze({ auth: 1, user: 2, busy: 3, protocol: 4 });

const authError = (message, details) => new MultiprocError('ERR_MULTIPROC_AUTH', message, details);

/** What the other side says when it refuses. */
function refusedError(content, subject) {
  switch (content[0]) {
    case REFUSED.auth:
      return authError(`${subject} refused the connection: the keys differ, or only one side has one`);
    case REFUSED.user:
      return authError(`${subject} refused the connection: it is of another user, and takes its own user's only`);
    case REFUSED.busy:
      return systemError(ECONNREFUSED, 'connect', subject, { hint: 'too many connections wait to be accepted' });
    default:
      return protocolError(`${subject} does not understand this version of multiproc`);
  }
}

function protocolError(message) {
  return new MultiprocError('ERR_MULTIPROC_DESERIALIZE', message);
}

/** Tells the peer why, and closes. */
function refuse(transport, reason) {
  transport.reader.stop();
  transport.write(frameOf(FRAME.refused, Buffer.of(reason)));
  transport.close();
}

/**
 * @template T
 * @param {import('./transport').Transport} transport closed when it fails
 * @param {{
 *   role: 'listener' | 'client', key: Buffer | undefined, maxMessageBytes: number, limit: number, subject: string,
 *   ready: (result: { isFamily: boolean, peerMaxBytes: number }) => T,
 * }} options `limit`: milliseconds, -1 for none; `subject`: what errors call the other side; `ready` takes the transport
 *   over, at once: the next frame may be there already
 * @returns {Promise<T>} what `ready` has returned
 */
function shakeHands(transport, options) {
  return new Promise((resolve, reject) => {
    const { reader } = transport;
    const { subject, limit } = options;
    const shaking = new Handshake(transport, options);
    const timer = limit < 0 ? undefined : setTimeout(() => fail(timeoutError(options)), limit);
    // It is the socket that keeps a program alive, or does not.
    timer?.unref();
    const fail = (error, reason = REFUSED.protocol) => {
      clearTimeout(timer);
      transport.onEnd = () => {};
      refuse(transport, reason);
      reject(error);
    };
    reader.limit = Math.max(HELLO_BYTES, PROOF_BYTES);
    reader.onTooLong = () => fail(protocolError(`${subject} does not speak multiproc's protocol`));
    reader.onFrame = (type, content) => {
      try {
        if (type === FRAME.refused) throw refusedError(content, subject);
        const result = shaking.take(type, content);
        if (result === undefined) return;
        clearTimeout(timer);
        resolve(options.ready(result));
      } catch (error) {
        fail(error, error.code === 'ERR_MULTIPROC_AUTH' ? REFUSED.auth : REFUSED.protocol);
      }
    };
    transport.onEnd = (cause) => {
      clearTimeout(timer);
      const message = `${subject} closed the connection before it was ready`;
      reject(new MultiprocError('ERR_MULTIPROC_EOF', message, { cause: cause ?? undefined }));
    };
    shaking.begin();
  });
}

function timeoutError({ subject, limit }) {
  return new MultiprocError('ERR_MULTIPROC_TIMEOUT', `${subject} did not answer within ${Math.round(limit)} ms`);
}

class Handshake {
  #transport;
  #options;
  #own;
  #peer;

  constructor(transport, options) {
    this.#transport = transport;
    this.#options = options;
    this.#own = Buffer.alloc(HELLO_BYTES);
    this.#own.write(MAGIC, 'latin1');
    this.#own[4] = VERSION;
    this.#own[5] = options.key === undefined ? 0 : FLAG_KEY;
    this.#own.writeUInt32LE(options.maxMessageBytes, 6);
    randomBytes(NONCE_BYTES).copy(this.#own, 10);
  }

  get #isListener() {
    return this.#options.role === 'listener';
  }

  begin() {
    if (this.#isListener) this.#sayHello();
  }

  /** @returns what `shakeHands` resolves with, when all is done */
  take(type, content) {
    if (this.#peer === undefined && type === FRAME.hello) return this.#takeHello(content);
    if (this.#peer !== undefined && type === FRAME.proof) return this.#takeProof(content);
    throw protocolError(`${this.#options.subject} does not speak multiproc's protocol`);
  }

  #takeHello(content) {
    const { key, subject } = this.#options;
    const isHello = content.length === HELLO_BYTES && content.latin1Slice(0, 4) === MAGIC && content[4] === VERSION;
    if (!isHello) throw protocolError(`${subject} speaks another version of multiproc's protocol, or none`);
    this.#peer = content;
    if (!this.#isListener) this.#sayHello();
    const hasKey = (content[5] & FLAG_KEY) !== 0;
    if (hasKey && key === undefined) throw authError(`${subject} asks for a key: give it as authKey`);
    if (!hasKey && key !== undefined)
      throw authError(`${subject} has no key: leave authKey out, or give it there, too`);
    if (!this.#isListener) this.#prove();
  }

  #takeProof(content) {
    const { key, subject } = this.#options;
    if (content.length !== PROOF_BYTES) throw protocolError(`${subject} does not speak multiproc's protocol`);
    const proofs = this.#proofs(this.#isListener ? 'client' : 'listener');
    const [auth, family] = [content.subarray(0, MAC_BYTES), content.subarray(MAC_BYTES)];
    if (key !== undefined && !timingSafeEqual(auth, proofs.auth)) {
      throw authError(`the key of ${subject} is another one`);
    }
    if (this.#isListener) this.#prove();
    return { isFamily: timingSafeEqual(family, proofs.family), peerMaxBytes: this.#peer.readUInt32LE(6) };
  }

  #sayHello() {
    this.#transport.write(frameOf(FRAME.hello, this.#own));
  }

  #prove() {
    const { auth, family } = this.#proofs(this.#options.role);
    this.#transport.write(frameOf(FRAME.proof, Buffer.concat([auth, family])));
  }

  /** What a side of that role has to send. */
  #proofs(role) {
    const hellos = this.#isListener ? [this.#own, this.#peer] : [this.#peer, this.#own];
    const mac = (secret, what) => {
      const hmac = createHmac('sha256', secret).update(`multiproc socket ${VERSION}: ${what} of the ${role}\0`);
      for (const hello of hellos) hmac.update(hello);
      return hmac.digest();
    };
    const { key } = this.#options;
    return {
      auth: key === undefined ? Buffer.alloc(MAC_BYTES) : mac(key, 'key'),
      family: mac(familySecret(), 'family'),
    };
  }
}

/** The domain's nonce, which the processes of the family know and no others. */
function familySecret() {
  runtime.open();
  return Buffer.from(native.domainInfo().holderValue.split(':')[2], 'hex');
}

module.exports = { REFUSED, refuse, refusedError, shakeHands };
