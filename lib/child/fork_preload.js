'use strict';
// Loaded with --require before a forked program: gives `process` its message channel. The program needs no change.

const { Carrier } = require('../channel/carrier');
const { attachIpc } = require('../channel/ipc');
const { attach } = require('./attach');
const { preloadOption } = require('./preload_option');

const attached = attach();
if (attached !== null) {
  const { channel, serialization } = attached;
  const carrier = Carrier.adopt(attached.carrier);
  attachIpc(process, channel, { carrier, serialization, referenced: false }).followListeners();
}

// The program sees the execArgv and the NODE_OPTIONS that its parent gave.
const { NODE_OPTIONS } = process.env;
if (NODE_OPTIONS?.startsWith(preloadOption)) process.env.NODE_OPTIONS = NODE_OPTIONS.slice(preloadOption.length);
const position = process.execArgv.indexOf(__filename);
if (position > 0) process.execArgv.splice(position - 1, 2);
