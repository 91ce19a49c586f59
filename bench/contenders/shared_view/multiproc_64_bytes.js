'use strict';
// The same for 64 bytes.

const { fork, sharedBuffer } = require('../../multiproc.js');
const { echoOf } = require('../../messaging.js');

module.exports = ({ budget }) =>
  echoOf(fork, { serialization: 'advanced' }, new Uint8Array(sharedBuffer(64)), { budget, warmUp: 5 });
