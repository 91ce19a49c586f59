'use strict';
// A worker thread; the same bytes change hands without a copy, and the sender loses them.

const { Worker } = require('node:worker_threads');
const { roundTrips } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget, warmUp }) => {
  const worker = new Worker(program('echo_worker.js'), { workerData: { transfer: true } });
  let bytes = new Uint8Array(2 ** 20);
  const figure = await roundTrips(
    () => worker.postMessage(bytes, [bytes.buffer]),
    (listener) =>
      worker.on('message', (message) => {
        bytes = message;
        listener(message);
      }),
    undefined,
    { budget, warmUp },
  );
  await worker.terminate();
  return figure;
};
