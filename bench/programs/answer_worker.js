'use strict';
// Started as a worker thread: computes one value and posts it.

const { parentPort, workerData } = require('node:worker_threads');

parentPort.postMessage(((n) => n * 2)(workerData));
