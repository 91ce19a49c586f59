'use strict';
// A Queue of multiproc, blocking at both ends, as Python's does.

const { Pipe, Process, Queue } = require('../../multiproc.js');
const { SMALL_OBJECT } = require('../../measure.js');

function flood(orders, queue, object) {
  for (;;) {
    const count = orders.recvSync();
    if (count === 0) return;
    for (let n = 0; n < count; n += 1) queue.putSync(object);
  }
}

module.exports = async ({ messages }) => {
  const [ours, theirs] = Pipe();
  const queue = new Queue();
  const child = new Process(flood, { args: [theirs, queue, SMALL_OBJECT] }).start();
  let rate = 0;
  for (const count of [Math.ceil(messages / 10), messages]) {
    const begun = performance.now();
    ours.sendSync(count);
    for (let n = 0; n < count; n += 1) queue.getSync();
    rate = (count * 1000) / (performance.now() - begun);
  }
  ours.sendSync(0);
  await child.join();
  return rate;
};
