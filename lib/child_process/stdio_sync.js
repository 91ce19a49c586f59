'use strict';
// The `stdio` option of the functions that block, as numbers: a descriptor, or one of the two below.

/** /dev/null for 0, 1 and 2, and from 3 on a number that is not open. */
const NOTHING = -1;
/** Number 0 gets the input, what comes from the others is collected. */
const PIPE = -2;

const WORDS = { pipe: PIPE, overlapped: PIPE, ignore: NOTHING };

/**
 * @param {unknown} stdio
 * @returns {number[] | null} null for what cannot be one, or cannot be passed on
 */
function syncStdio(stdio) {
  if (typeof stdio === 'string') {
    if (stdio === 'inherit') return [0, 1, 2];
    return Object.hasOwn(WORDS, stdio) ? Array(3).fill(WORDS[stdio]) : null;
  }
  if (!Array.isArray(stdio)) return null;
  const entries = Array.from({ length: Math.max(3, stdio.length) }, (_, number) => entryOf(stdio[number], number));
  return entries.includes(undefined) ? null : entries;
}

/** @returns {number | undefined} */
function entryOf(entry, number) {
  if (entry === null || entry === undefined) return number < 3 ? PIPE : NOTHING;
  if (entry === 'inherit') return number;
  if (typeof entry === 'string') return Object.hasOwn(WORDS, entry) ? WORDS[entry] : undefined;
  if (typeof entry === 'number') return entry < 0 ? PIPE : integer(entry);
  if (typeof entry.fd === 'number') return integer(entry.fd);
  // A socket or pipe of Node's. Its own spawnSync cannot pass them on, and aborts.
  const descriptor = entry._handle?.fd ?? entry.handle?.fd;
  return descriptor >= 0 ? descriptor : undefined;
}

function integer(descriptor) {
  return Number.isInteger(descriptor) && descriptor >= 0 && descriptor < 2 ** 31 ? descriptor : undefined;
}

module.exports = { PIPE, syncStdio };
