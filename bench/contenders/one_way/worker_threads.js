'use strict';
// A worker thread and its message port.

const { Worker } = require('node:worker_threads');
const { flood } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ messages }) => {
  const worker = new Worker(program('flood_worker.js'));
  const figure = await flood(
    (count) => worker.postMessage(count),
    (listener) => worker.on('message', listener),
    messages,
  );
  await worker.terminate();
  return figure;
};
