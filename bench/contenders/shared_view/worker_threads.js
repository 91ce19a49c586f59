'use strict';
// A worker thread; the memory is shared.

const { echoOfWorker } = require('../../messaging.js');

module.exports = ({ budget }) => echoOfWorker(new Uint8Array(new SharedArrayBuffer(2 ** 26)), { budget, warmUp: 5 });
