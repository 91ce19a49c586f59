'use strict';
// A worker thread and its message port.

const { floodOfWorker } = require('../../messaging.js');

module.exports = ({ messages }) => floodOfWorker(messages);
