'use strict';
// sharedBuffer: a SharedArrayBuffer that is shared between processes.
//
// A buffer is known by its memory, not by its object: one that was posted to a worker thread is another object there.
// In one thread a block has one object, as long as somebody keeps it. So those are remembered that can come in again: the
// named ones and those that travelled. The others cost the collector nothing but themselves.

const native = require('../binding');
const runtime = require('../runtime');
const { checkInteger, checkName, ownOptions } = require('../arguments');
const { MultiprocError } = require('../errors');
const { KIND, onBuffer, onRevive } = require('../travel');

/** @type {WeakMap<SharedArrayBuffer, { index: number, generation: number }>} */
const identities = new WeakMap();
/** @type {Map<string, WeakRef<SharedArrayBuffer>>} */
const buffers = new Map();
const forgotten = new FinalizationRegistry((key) => {
  if (buffers.get(key)?.deref() === undefined) buffers.delete(key);
});

function sharedBuffer(byteLength, options) {
  const call = 'sharedBuffer()';
  checkInteger(call, 'byteLength', byteLength, 0, Number.MAX_SAFE_INTEGER);
  const name = checkName(call, ownOptions(call, options, ['name']).name);
  return allocate(call, byteLength, name);
}

function allocate(call, byteLength, name) {
  runtime.open();
  const [buffer, index, generation, isNew] = native.createBuffer(byteLength, name);
  // An empty buffer has no memory to be known by.
  if (name === undefined && byteLength > 0) return buffer;
  const known = isNew ? undefined : buffers.get(`${index}:${generation}`)?.deref();
  const found = known ?? remember(buffer, index, generation);
  if (!isNew && found.byteLength !== byteLength) {
    throw new MultiprocError(
      'ERR_MULTIPROC_NAME',
      `${call}: the buffer named "${name}" has ${found.byteLength} bytes, not ${byteLength}; use its size, or another name`,
    );
  }
  return found;
}

function remember(buffer, index, generation) {
  const key = `${index}:${generation}`;
  identities.set(buffer, { index, generation });
  buffers.set(key, new WeakRef(buffer));
  forgotten.register(buffer, key);
  return buffer;
}

/** @returns {{ index: number, generation: number } | null} null: an ordinary SharedArrayBuffer of this process */
function identify(buffer) {
  const known = identities.get(buffer);
  if (known !== undefined) return known;
  runtime.open();
  const found = native.identifyBuffer(new Uint8Array(buffer));
  if (found === null || found === undefined) return null;
  remember(buffer, found[0], found[1]);
  return identities.get(buffer);
}

onBuffer((buffer) => {
  const identity = identify(buffer);
  if (identity === null) return null;
  native.shipBuffer(identity.index, identity.generation);
  return { kind: KIND.buffer, ...identity, extra: buffer.byteLength };
});

onRevive(KIND.buffer, (index, generation, byteLength) => {
  runtime.open();
  const known = buffers.get(`${index}:${generation}`)?.deref();
  if (known !== undefined) {
    native.unship(KIND.buffer, index, generation);
    return known;
  }
  const [buffer] = native.openBuffer(index, generation, byteLength);
  return remember(buffer, index, generation);
});

module.exports = { sharedBuffer, allocate };
