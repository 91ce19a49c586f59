'use strict';
// The drop-in fork of multiproc, structured clone, the Buffer copied.

const { fork } = require('../../multiproc.js');
const { once } = require('node:events');
const { roundTrips } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget }) => {
  const child = fork(program('echo.js'), [], { serialization: 'advanced' });
  const figure = await roundTrips(
    (message) => child.send(message),
    (listener) => child.on('message', listener),
    Buffer.alloc(2 ** 26),
    { budget, warmUp: 3 },
  );
  child.disconnect();
  await once(child, 'exit');
  return figure;
};
