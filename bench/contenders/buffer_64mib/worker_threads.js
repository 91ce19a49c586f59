'use strict';
// A worker thread; the bytes are copied in each direction.

const { Worker } = require('node:worker_threads');
const { roundTrips } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget }) => {
  const worker = new Worker(program('echo_worker.js'));
  const figure = await roundTrips(
    (message) => worker.postMessage(message),
    (listener) => worker.on('message', listener),
    new Uint8Array(2 ** 26),
    { budget, warmUp: 3 },
  );
  await worker.terminate();
  return figure;
};
