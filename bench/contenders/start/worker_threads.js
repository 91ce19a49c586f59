'use strict';
// A worker thread, until its first message. No process, and so no isolation: for comparison.

const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const { medianOf } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = ({ budget }) =>
  medianOf(
    async () => {
      const worker = new Worker(program('answer_worker.js'), { workerData: 21 });
      await once(worker, 'message');
      return worker;
    },
    { budget, settle: (worker) => once(worker, 'exit') },
  );
