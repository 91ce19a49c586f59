'use strict';
// The drop-in fork of multiproc, with the same child program as child_process.

const { fork } = require('../../multiproc.js');
const { floodOf } = require('../../messaging.js');

module.exports = ({ messages }) => floodOf(fork, {}, messages);
