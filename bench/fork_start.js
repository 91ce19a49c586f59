'use strict';
// From the call of a fork() to the child's first message; its end is not measured.

const { once } = require('node:events');
const { medianOf } = require('./measure.js');
const { program } = require('./programs.js');

/**
 * @param {(file: string) => import('node:child_process').ChildProcess} fork
 * @param {{ budget: number }} options
 * @returns {Promise<number>} the median, milliseconds
 */
function untilMessage(fork, { budget }) {
  return medianOf(
    async () => {
      const child = fork(program('answer.js'));
      const ended = once(child, 'exit');
      await once(child, 'message');
      return { ended };
    },
    { budget, settle: ({ ended }) => ended },
  );
}

module.exports = { untilMessage };
