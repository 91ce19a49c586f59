'use strict';
// A condition: who needs something to become true waits for it, and is told by whoever makes it true. Here a buffer of
// three places: producers wait while it is full, consumers while it is empty.

const { Condition, Lock, Process, SharedArray } = require('multiproc');

const ITEMS = 20;

async function produce(buffer, items, lock, notFull, notEmpty) {
  const { view } = buffer; // places, then [3] how many are taken, [4] where the next goes, [5] where the next is
  for (let item = 1; item <= items; item += 1) {
    await lock.run(async () => {
      await notFull.waitFor(() => view[3] < 3);
      view[view[4]] = item;
      view[4] = (view[4] + 1) % 3;
      view[3] += 1;
      notEmpty.notify();
    });
  }
}

async function consume(buffer, items, lock, notFull, notEmpty) {
  const { view } = buffer;
  let [sum, mostTaken] = [0, 0];
  for (let count = 0; count < items; count += 1) {
    await lock.run(async () => {
      // waitFor() gives the lock back while it waits, and has it again when the condition holds.
      await notEmpty.waitFor(() => view[3] > 0);
      mostTaken = Math.max(mostTaken, view[3]);
      sum += view[view[5]];
      view[5] = (view[5] + 1) % 3;
      view[3] -= 1;
      notFull.notify();
    });
  }
  return { sum, mostTaken };
}

async function main() {
  const buffer = new SharedArray('i32', 6, { lock: false });
  const lock = new Lock();
  // Two conditions, one lock: each kind of waiter is told only what it waits for.
  const [notFull, notEmpty] = [new Condition(lock), new Condition(lock)];
  const args = [buffer, ITEMS, lock, notFull, notEmpty];
  const processes = [produce, produce, consume, consume].map((role) => new Process(role, { args }).start());
  const [, , first, second] = await Promise.all(processes.map((process) => process.result));
  await Promise.all(processes.map((process) => process.join()));
  console.log(`consumed together: ${first.sum + second.sum} (twice the sum of 1 to ${ITEMS})`);
  console.log(`never more than 3 places taken: ${Math.max(first.mostTaken, second.mostTaken) <= 3}`);
  console.log(`left in the buffer: ${buffer.at(3)}`);

  console.log(`waits in vain for 20 ms: ${await lock.run(() => notEmpty.wait({ timeout: 20 }))}`);
}

main();
