'use strict';
// The same with serialization 'advanced': our codec.

const { fork } = require('../../multiproc.js');
const { SMALL_OBJECT } = require('../../measure.js');
const { echoOf } = require('../../messaging.js');

module.exports = ({ budget, warmUp }) => echoOf(fork, { serialization: 'advanced' }, SMALL_OBJECT, { budget, warmUp });
