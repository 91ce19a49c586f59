'use strict';
// The bounded buffer (Dijkstra, 1965): a queue between processes, built from its parts. `Queue` is the one to use.
//
// A ring of four places in shared memory. One semaphore counts the free places and stops producers when there are none,
// one counts the filled ones and stops consumers, and the lock keeps two processes from using the same place. Nobody
// polls: who has nothing to do sleeps.

const { Process, Semaphore, SharedArray } = require('multiproc');

const CAPACITY = 4;
const ITEMS = 12;

// The ring's last two cells are the positions of the next item to take and of the next place to fill.
function produce({ ring, free, filled }, items) {
  const capacity = ring.length - 2;
  for (const item of items) {
    free.acquireSync(); // wait for a free place
    ring.lock.runSync(() => {
      const place = ring.view[capacity + 1]++ % capacity;
      ring.view[place] = item;
    });
    filled.release(); // there is one more to take
  }
}

function consume({ ring, free, filled }, count) {
  const capacity = ring.length - 2;
  const taken = [];
  while (taken.length < count) {
    filled.acquireSync();
    const item = ring.lock.runSync(() => ring.view[ring.view[capacity]++ % capacity]);
    free.release();
    taken.push(item);
  }
  return taken;
}

async function main() {
  const queue = {
    ring: new SharedArray('i32', CAPACITY + 2),
    free: new Semaphore(CAPACITY),
    filled: new Semaphore(0),
  };
  // Objects of multiproc travel inside arguments; the memory is shared, not copied.
  const items = Array.from({ length: ITEMS }, (_, index) => index + 1);
  const producers = [items.filter((n) => n % 2 === 1), items.filter((n) => n % 2 === 0)].map(
    (part) => new Process(produce, { args: [queue, part] }),
  );
  const consumers = [0, 1].map(() => new Process(consume, { args: [queue, ITEMS / 2] }));
  for (const child of [...producers, ...consumers]) child.start();

  const taken = await Promise.all(consumers.map((child) => child.result));
  await Promise.all([...producers, ...consumers].map((child) => child.join()));

  // Which consumer got which item is chance. That each came once, and every producer's in its order, is not.
  console.log(`taken by each consumer: ${taken.map((list) => list.length).join(' and ')}`);
  console.log(
    `together: ${taken
      .flat()
      .sort((a, b) => a - b)
      .join(' ')}`,
  );
  const inOrder = (list) => list.every((item, index) => index === 0 || list[index - 1] < item);
  console.log(`odd items in order: ${taken.every((list) => inOrder(list.filter((n) => n % 2 === 1)))}`);
  console.log(`even items in order: ${taken.every((list) => inOrder(list.filter((n) => n % 2 === 0)))}`);
  console.log(`places free at the end: ${queue.free.value} of ${CAPACITY}`);
}

main();
