'use strict';
// fork from node:child_process, until its first message.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { medianOf } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = ({ budget }) =>
  medianOf(
    async () => {
      const child = fork(program('answer.js'));
      await once(child, 'message');
      return child;
    },
    { budget, settle: (child) => once(child, 'exit') },
  );
