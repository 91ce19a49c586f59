'use strict';
// A view of 64 MiB of shared memory: it travels as a handle.

const { fork, sharedBuffer } = require('../../multiproc.js');
const { once } = require('node:events');
const { roundTrips } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget }) => {
  const child = fork(program('echo.js'), [], { serialization: 'advanced' });
  const figure = await roundTrips(
    (message) => child.send(message),
    (listener) => child.on('message', listener),
    new Uint8Array(sharedBuffer(2 ** 26)),
    { budget, warmUp: 5 },
  );
  child.disconnect();
  await once(child, 'exit');
  return figure;
};
