'use strict';
// A worker thread and its message port.

const { Worker } = require('node:worker_threads');
const { roundTrips, SMALL_OBJECT } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget, warmUp }) => {
  const worker = new Worker(program('echo_worker.js'));
  const figure = await roundTrips(
    (message) => worker.postMessage(message),
    (listener) => worker.on('message', listener),
    SMALL_OBJECT,
    { budget, warmUp },
  );
  await worker.terminate();
  return figure;
};
