'use strict';
// Loaded with --require before a forked program: gives `process` its message channel. The program needs no change.

const { attachIpc } = require('../channel/ipc');
const { attach } = require('./attach');

const attached = attach();
if (attached !== null) {
  const { channel, serialization } = attached;
  attachIpc(process, channel, { serialization, referenced: false }).followListeners();
}

// The program sees the execArgv that its parent gave.
const position = process.execArgv.indexOf(__filename);
if (position > 0) process.execArgv.splice(position - 1, 2);
