'use strict';
// The drop-in fork of multiproc with serialization 'advanced', our codec, with the same child program as child_process.

const { fork } = require('../../multiproc.js');
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
