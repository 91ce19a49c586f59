'use strict';
// fork from node:child_process with structured clone; its default would send the Buffer as JSON.

const { fork } = require('node:child_process');
const { echoOf } = require('../../messaging.js');

module.exports = ({ budget }) =>
  echoOf(fork, { serialization: 'advanced' }, Buffer.alloc(2 ** 20), { budget, warmUp: 5 });
