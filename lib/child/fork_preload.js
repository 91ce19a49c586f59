'use strict';
// Loaded with --require before a forked program: gives `process` its message channel. The program needs no change.

const native = require('../binding');
const { Carrier } = require('../channel/carrier');
const { attachIpc } = require('../channel/ipc');
const { attach } = require('./attach');

const attached = attach();
if (attached !== null) {
  const { channel, serialization, note } = attached;
  if (note !== undefined) native.noteHeapLimit(...note);
  const carrier = Carrier.adopt(attached.carrier);
  attachIpc(process, channel, { carrier, serialization, referenced: false }).followListeners();
}

// The program sees the execArgv that its parent gave.
const position = process.execArgv.indexOf(__filename);
if (position > 0) process.execArgv.splice(position - 1, 2);
