'use strict';
// The drop-in fork of multiproc, which never looks again and again for a message before it sleeps (MULTIPROC_SPIN_US=0), with the same child program as child_process.

process.env.MULTIPROC_SPIN_US = '0';

const { fork } = require('../../multiproc.js');
const { once } = require('node:events');
const { roundTrips, SMALL_OBJECT } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget, warmUp }) => {
  const child = fork(program('echo.js'));
  const figure = await roundTrips(
    (message) => child.send(message),
    (listener) => child.on('message', listener),
    SMALL_OBJECT,
    { budget, warmUp },
  );
  child.disconnect();
  await once(child, 'exit');
  return figure;
};
