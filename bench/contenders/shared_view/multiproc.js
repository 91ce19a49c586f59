'use strict';
// A view of 64 MiB of shared memory: it travels as a handle.

const { fork, sharedBuffer } = require('../../multiproc.js');
const { echoOf } = require('../../messaging.js');

module.exports = ({ budget }) =>
  echoOf(fork, { serialization: 'advanced' }, new Uint8Array(sharedBuffer(2 ** 26)), { budget, warmUp: 5 });
