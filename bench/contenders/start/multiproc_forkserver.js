'use strict';
// Process with the start method 'forkserver', whose server is ready before the first start.

const { Process, forkServer } = require('../../multiproc.js');
const { medianOf } = require('../../measure.js');

module.exports = async ({ budget }) => {
  if (!(await forkServer.ready())) throw new Error(`no fork server: ${forkServer.reason}`);
  const median = await medianOf(
    async () => {
      const child = new Process((n) => n * 2, { args: [21], startMethod: 'forkserver' });
      child.start();
      if (child.startMethod !== 'forkserver') throw new Error('it was started the ordinary way');
      const answer = await child.result;
      if (answer !== 42) throw new Error(`the function returned ${answer} instead of 42`);
      return child;
    },
    { budget, settle: (child) => child.join() },
  );
  forkServer.stop();
  return median;
};
