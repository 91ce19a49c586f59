'use strict';
// The drop-in fork of multiproc, with the same child program as child_process.

const { fork } = require('../../multiproc.js');
const { SMALL_OBJECT } = require('../../measure.js');
const { echoOf } = require('../../messaging.js');

module.exports = ({ budget, warmUp }) => echoOf(fork, {}, SMALL_OBJECT, { budget, warmUp });
