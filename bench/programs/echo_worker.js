'use strict';
// Started as a worker thread: posts every message back, transferring its buffer when told to.

const { parentPort, workerData } = require('node:worker_threads');

parentPort.on('message', (message) => {
  parentPort.postMessage(message, workerData?.transfer ? [message.buffer] : undefined);
});
