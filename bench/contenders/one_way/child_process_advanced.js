'use strict';
// fork from node:child_process with structured clone.

const { fork } = require('node:child_process');
const { floodOf } = require('../../messaging.js');

module.exports = ({ messages }) => floodOf(fork, { serialization: 'advanced' }, messages);
