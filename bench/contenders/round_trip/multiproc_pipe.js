'use strict';
// A Pipe of multiproc, awaited at both ends.

const { Pipe, Process } = require('../../multiproc.js');
const { meanOf, SMALL_OBJECT } = require('../../measure.js');

async function echo(connection) {
  for await (const message of connection) await connection.send(message);
}

module.exports = async ({ budget, warmUp }) => {
  const [ours, theirs] = Pipe();
  const child = new Process(echo, { args: [theirs] }).start();
  theirs.close();
  const turn = async () => {
    await ours.send(SMALL_OBJECT);
    await ours.recv();
  };
  const figure = await meanOf(turn, { budget, warmUp });
  ours.close();
  await child.join();
  return figure;
};
