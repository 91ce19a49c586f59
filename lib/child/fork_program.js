'use strict';
// What a forked program begins with: `process` gets its message channel. The program needs no change.

const native = require('../binding');
const { Carrier } = require('../channel/carrier');
const { attachIpc } = require('../channel/ipc');
const { attach } = require('./attach');
const { preloadOption } = require('./preload_option');

/** Once in a process; connects nothing in one that was not started so. */
function connectToParent() {
  // The program sees the NODE_OPTIONS that its parent gave.
  const { NODE_OPTIONS } = process.env;
  if (NODE_OPTIONS?.startsWith(preloadOption)) process.env.NODE_OPTIONS = NODE_OPTIONS.slice(preloadOption.length);
  const attached = attach();
  if (attached === null) return;
  const { channel, serialization, note } = attached;
  if (note !== undefined) native.noteHeapLimit(...note);
  const carrier = Carrier.adopt(attached.carrier);
  attachIpc(process, channel, { carrier, serialization, referenced: false }).followListeners();
}

module.exports = { connectToParent };
