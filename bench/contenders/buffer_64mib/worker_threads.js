'use strict';
// A worker thread; the bytes are copied in each direction.

const { echoOfWorker } = require('../../messaging.js');

module.exports = ({ budget }) => echoOfWorker(new Uint8Array(2 ** 26), { budget, warmUp: 3 });
