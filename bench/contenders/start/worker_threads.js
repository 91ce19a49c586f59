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
      // It may have ended before anybody looks.
      const ended = once(worker, 'exit');
      await once(worker, 'message');
      return { ended };
    },
    { budget, settle: ({ ended }) => ended },
  );
