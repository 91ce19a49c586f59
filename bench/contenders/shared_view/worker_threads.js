'use strict';
// A worker thread; the memory is shared.

const { Worker } = require('node:worker_threads');
const { roundTrips } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget }) => {
  const worker = new Worker(program('echo_worker.js'));
  const figure = await roundTrips(
    (message) => worker.postMessage(message),
    (listener) => worker.on('message', listener),
    new Uint8Array(new SharedArrayBuffer(2 ** 26)),
    { budget, warmUp: 5 },
  );
  await worker.terminate();
  return figure;
};
