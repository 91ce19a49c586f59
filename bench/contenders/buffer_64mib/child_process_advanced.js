'use strict';
// fork from node:child_process with structured clone; its default would send the Buffer as JSON.

const { fork } = require('node:child_process');
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
