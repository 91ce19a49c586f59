'use strict';
// A worker thread and its message port.

const { SMALL_OBJECT } = require('../../measure.js');
const { echoOfWorker } = require('../../messaging.js');

module.exports = ({ budget, warmUp }) => echoOfWorker(SMALL_OBJECT, { budget, warmUp });
