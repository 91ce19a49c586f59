'use strict';
// fork from node:child_process with structured clone.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { roundTrips, SMALL_OBJECT } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget, warmUp }) => {
  const child = fork(program('echo.js'), [], { serialization: 'advanced' });
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
