'use strict';
// One message that anybody may have written, and what must hold: decode() gives a value or its one error, in time, and
// takes no more memory than documented; what it gives can be sent on.

const v8 = require('node:v8');
const { encode, decode } = require('../lib/codec');
const { MEMORY_FACTOR, MEMORY_BASE } = require('../lib/codec/tags');
const { randomFrom } = require('./values');
const { context } = require('./corpus');
const { mutated } = require('./mutate');

// For 64 KB. Far above what it takes, so that a machine busy with other things is no finding.
const MILLISECONDS_MAX = 2000;

const TRIES = 5;

const memory = () => {
  const { used_heap_size, external_memory } = v8.getHeapStatistics();
  return used_heap_size + external_memory;
};

/** The bytes of a round, which depend on the seed and the number of the round alone. */
function messageOf(seed, round, messages) {
  return mutated(randomFrom((Math.imul(seed, 0x9e3779b1) ^ Math.imul(round, 0x85ebca6b)) >>> 0), messages);
}

/**
 * @param {Uint8Array} bytes
 * @param {typeof decode} [decodeWith] for tests of this function
 * @returns {{ kind: string, finding: string | null, growth: number }} `kind`: `value`, or the reason of the refusal
 */
function tryMessage(bytes, decodeWith = decode) {
  const first = tryOnce(bytes, decodeWith);
  if (first.kind !== 'memory') return first;
  // The engine's own work may fall into one decode and be counted, and a collection may hide what one took: two count.
  let again = first;
  for (let left = TRIES; left > 0; left--) {
    again = tryOnce(bytes, decodeWith);
    if (again.kind === 'memory') break;
  }
  return again;
}

function tryOnce(bytes, decodeWith) {
  const before = memory();
  const started = performance.now();
  let value;
  let threw = false;
  let error;
  try {
    value = decodeWith(bytes, { context });
  } catch (thrown) {
    threw = true;
    error = thrown;
  }
  const milliseconds = performance.now() - started;
  const growth = memory() - before; // a collection in between makes it too small, never too large
  const result = (kind, finding = null) => ({ kind, finding, growth });
  if (threw && error?.code !== 'ERR_MULTIPROC_DESERIALIZE')
    return result('other error', `decode() threw ${error?.stack ?? error}`);
  if (growth > MEMORY_FACTOR * bytes.length + MEMORY_BASE)
    return result('memory', `decode() of ${bytes.length} bytes took ${growth} bytes of memory`);
  if (milliseconds > MILLISECONDS_MAX)
    return result('time', `decode() of ${bytes.length} bytes took ${Math.round(milliseconds)} ms`);
  if (threw) return result(reasonOf(error));
  try {
    decode(encode(value, { context }), { context });
  } catch (thrown) {
    return result('sent on', `the value that decode() gave cannot be sent on: ${thrown?.stack}`);
  }
  return result('value');
}

function reasonOf(error) {
  const reason = /^decode\(\): (.*?)(?: \(|, at byte )/s.exec(error.message)?.[1] ?? error.message;
  return error.cause === undefined ? reason : `${reason} (${error.cause.name})`;
}

module.exports = { messageOf, tryMessage };
