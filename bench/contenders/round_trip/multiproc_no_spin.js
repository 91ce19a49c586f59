'use strict';
// The drop-in fork of multiproc; both sides sleep between two messages.

process.env.MULTIPROC_SPIN_US = '0';

const { fork } = require('../../multiproc.js');
const { SMALL_OBJECT } = require('../../measure.js');
const { echoOf } = require('../../messaging.js');

module.exports = ({ budget, warmUp }) => echoOf(fork, {}, SMALL_OBJECT, { budget, warmUp });
