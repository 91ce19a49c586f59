'use strict';
// Our fork with the start method 'forkserver', whose server is ready before the first start.

const { fork, forkServer } = require('../../multiproc.js');
const { untilMessage } = require('../../fork_start.js');

module.exports = async ({ budget }) => {
  if (!(await forkServer.ready())) throw new Error(`no fork server: ${forkServer.reason}`);
  const median = await untilMessage((file) => fork(file, { startMethod: 'forkserver' }), { budget });
  forkServer.stop();
  return median;
};
