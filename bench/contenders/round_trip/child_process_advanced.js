'use strict';
// fork from node:child_process with structured clone.

const { fork } = require('node:child_process');
const { SMALL_OBJECT } = require('../../measure.js');
const { echoOf } = require('../../messaging.js');

module.exports = ({ budget, warmUp }) => echoOf(fork, { serialization: 'advanced' }, SMALL_OBJECT, { budget, warmUp });
