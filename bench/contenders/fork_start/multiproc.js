'use strict';
// Our fork, started the ordinary way.

const { fork } = require('../../multiproc.js');
const { untilMessage } = require('../../fork_start.js');

module.exports = ({ budget }) => untilMessage((file) => fork(file), { budget });
