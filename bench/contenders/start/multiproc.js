'use strict';
// Process with a function that stands alone; its result is a promise.

const { Process } = require('../../multiproc.js');
const { medianOf } = require('../../measure.js');

module.exports = ({ budget }) =>
  medianOf(
    async () => {
      const child = new Process((n) => n * 2, { args: [21] });
      child.start();
      const answer = await child.result;
      if (answer !== 42) throw new Error(`the function returned ${answer} instead of 42`);
      return child;
    },
    { budget, settle: (child) => child.join() },
  );
