'use strict';
// The descriptors of a child, from the list that Node.js makes of the `stdio` option.
//
// A pipe is a socket pair, as libuv's is: both directions, and the child's end blocks. Our end becomes the property of
// Node's own Pipe, which is the stream of the ChildProcess or carries its messages; the child's end is closed here as
// soon as the child has it.

const { constants } = require('node:os');
const native = require('./native');

const { EINVAL } = constants.errno;

/** Nothing is given to the child: /dev/null for 0, 1 and 2, and from 3 on a number that is not open. */
const NOTHING = -1;

/**
 * @typedef {{ open(descriptor: number): number }} Pipe
 * @typedef {{ error: number, descriptors: number[], pipes: { handle: Pipe, ours: number, theirs: number }[] }} OpenedStdio
 */

/**
 * @param {{ type: string, fd?: number, handle?: Pipe & { fd?: number } }[]} stdio
 * @returns {OpenedStdio} `error` is a negative errno, and then nothing is left open
 */
function openStdio(stdio) {
  const opened = { error: 0, descriptors: [], pipes: [] };
  for (const entry of stdio) {
    const descriptor = descriptorOf(entry, opened.pipes);
    if (descriptor === undefined || descriptor < NOTHING) {
      settleStdio(opened, false);
      return { error: descriptor ?? -EINVAL, descriptors: [], pipes: [] };
    }
    opened.descriptors.push(descriptor);
  }
  return opened;
}

/** @returns {number | undefined} a descriptor, NOTHING, a negative errno below it, or nothing for what cannot be passed on */
function descriptorOf({ type, fd, handle }, pipes) {
  switch (type) {
    case 'ignore':
      return NOTHING;
    case 'pipe':
    case 'overlapped': {
      const pair = native.socketPair();
      if (typeof pair === 'number') return pair;
      const [ours, theirs] = pair;
      pipes.push({ handle, ours, theirs });
      return theirs;
    }
    case 'inherit':
    case 'fd':
      return fd >= 0 ? fd : undefined;
    case 'wrap':
      return handle.fd >= 0 ? handle.fd : undefined;
  }
}

/**
 * Closes the child's ends, and makes ours streams or closes them too.
 * @param {OpenedStdio} opened
 * @param {boolean} areKept
 * @returns {number} 0 or a negative errno
 */
function settleStdio({ pipes }, areKept) {
  let error = 0;
  for (const { handle, ours, theirs } of pipes) {
    native.closeFd(theirs);
    const result = areKept ? handle.open(ours) : -EINVAL;
    // Undefined, too, stands for success.
    if (result < 0) {
      native.closeFd(ours);
      if (areKept) error = result;
    }
  }
  return error;
}

module.exports = { openStdio, settleStdio };
