'use strict';
// fork from node:child_process with structured clone.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { flood } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ messages }) => {
  const child = fork(program('flood.js'), [], { serialization: 'advanced' });
  const figure = await flood(
    (count) => child.send(count),
    (listener) => child.on('message', listener),
    messages,
  );
  child.disconnect();
  await once(child, 'exit');
  return figure;
};
