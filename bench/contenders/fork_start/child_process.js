'use strict';
// fork from node:child_process.

const { fork } = require('node:child_process');
const { untilMessage } = require('../../fork_start.js');

module.exports = ({ budget }) => untilMessage((file) => fork(file), { budget });
