'use strict';
// Required by ava before each file. With MULTIPROC_TEST_START_METHOD=forkserver all processes of the file are copies of the
// fork server, which is ready before its first test: so the tests of processes are those of the fork server as well.

const { forkServer, setStartMethod } = require('../..');

const IS_FORKED = process.env.MULTIPROC_TEST_START_METHOD === 'forkserver';

module.exports = async function useForkServer() {
  if (!IS_FORKED) return;
  setStartMethod('forkserver');
  if (!(await forkServer.ready())) throw new Error(`no fork server: ${forkServer.reason}`);
};

/** Before it is looked what a file has left behind. */
module.exports.endForkServer = () => {
  if (IS_FORKED) forkServer.stop();
};
