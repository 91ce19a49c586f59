'use strict';
// Two processes that both want the lock all the time, each to add to a shared number.

const { Barrier, Lock, Process, SharedArray } = require('../../multiproc.js');

function hammer(lock, cells, barrier, budget) {
  const { view } = cells;
  barrier.waitSync();
  const end = performance.now() + budget;
  let pairs = 0;
  while (performance.now() < end) {
    for (let i = 0; i < 100; i++) {
      lock.acquireSync();
      view[0] += 1;
      lock.release();
    }
    pairs += 100;
  }
  return pairs;
}

module.exports = async ({ budget }) => {
  const [lock, cells, barrier] = [new Lock(), new SharedArray('i32', 1), new Barrier(2)];
  const both = [0, 1].map(() => new Process(hammer, { args: [lock, cells, barrier, budget] }).start());
  const counts = await Promise.all(both.map((process) => process.result));
  const pairs = counts[0] + counts[1];
  if (cells.view[0] !== pairs) throw new Error(`${pairs} additions, but the number is ${cells.view[0]}`);
  await Promise.all(both.map((process) => process.join()));
  return (pairs * 1000) / budget;
};
