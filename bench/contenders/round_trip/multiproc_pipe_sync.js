'use strict';
// A Pipe of multiproc, blocking at both ends, as Python's does.

const { Pipe, Process } = require('../../multiproc.js');
const { meanOfSync, SMALL_OBJECT } = require('../../measure.js');

function echo(connection) {
  for (;;) {
    const message = connection.recvSync();
    if (message === null) return;
    connection.sendSync(message);
  }
}

module.exports = async ({ budget, warmUp }) => {
  const [ours, theirs] = Pipe();
  const child = new Process(echo, { args: [theirs] }).start();
  const turn = () => {
    ours.sendSync(SMALL_OBJECT);
    ours.recvSync();
  };
  const figure = meanOfSync(turn, { budget, warmUp });
  ours.sendSync(null);
  await child.join();
  return figure;
};
