'use strict';
// fork from node:child_process with its default serialisation.

const { fork } = require('node:child_process');
const { floodOf } = require('../../messaging.js');

module.exports = ({ messages }) => floodOf(fork, { serialization: 'json' }, messages);
