'use strict';
// The drop-in fork of multiproc with serialization 'advanced': the bytes are copied once in each direction.

const { fork } = require('../../multiproc.js');
const { echoOf } = require('../../messaging.js');

module.exports = ({ budget }) =>
  echoOf(fork, { serialization: 'advanced' }, Buffer.alloc(2 ** 20), { budget, warmUp: 5 });
