'use strict';
// `transfer`: ArrayBuffers that the sender gives away with what it sends, as structuredClone() has it.
//
// Their bytes are in shared memory by then. What it saves is the sender's memory, at once, and that anybody goes on to
// write into what was sent.

const { isArrayBuffer } = require('node:util/types');
const { checkArray, ownOptions } = require('../arguments');
const native = require('../binding');
const { areas } = require('../travel');

/** @returns {ArrayBuffer[]} */
function transferOf(call, options) {
  if (options === undefined) return [];
  const { transfer = [] } = ownOptions(call, options, ['transfer']);
  return checkArray(call, 'transfer', transfer, 'an array of ArrayBuffers', isArrayBuffer, 'an ArrayBuffer');
}

/** They have been sent: they are empty from now on. @param {ArrayBuffer[]} buffers */
function detach(buffers) {
  for (const buffer of buffers) {
    // Node.js lets go of none that an addon has made.
    if (areas.has(buffer)) {
      native.detachArea(buffer);
      continue;
    }
    try {
      structuredClone(buffer, { transfer: [buffer] });
    } catch {
      // One that Node.js does not let go of, as that of its small Buffers: it was copied, and stays.
    }
  }
}

module.exports = { detach, transferOf };
