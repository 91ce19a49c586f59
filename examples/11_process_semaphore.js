'use strict';
// A semaphore lets a limited number in: here six processes, and a resource for two at a time.

const { Barrier, Process, Semaphore, SharedArray } = require('multiproc');

const PROCESSES = 6;
const LIMIT = 2;

// statistics: how many are inside, the most that ever were, how many have been.
async function useResource(semaphore, pair, statistics) {
  const [inside, most, total] = [0, 1, 2];
  await semaphore.run(async () => {
    const now = Atomics.add(statistics.view, inside, 1) + 1;
    statistics.lock.runSync(() => {
      statistics.view[most] = Math.max(statistics.view[most], now);
      statistics.view[total] += 1;
    });
    // Whoever is inside waits for a second one: proof that two are let in at once.
    await pair.wait();
    Atomics.sub(statistics.view, inside, 1);
  });
}

async function main() {
  const semaphore = new Semaphore(LIMIT);
  const pair = new Barrier(LIMIT);
  const statistics = new SharedArray('i32', 3);
  console.log(`permits at the start: ${semaphore.value}`);

  const processes = Array.from({ length: PROCESSES }, () =>
    new Process(useResource, { args: [semaphore, pair, statistics] }).start(),
  );
  await Promise.all(processes.map((child) => child.result));
  await Promise.all(processes.map((child) => child.join()));

  const [inside, most, total] = statistics;
  console.log(`${total} processes have been inside, ${inside} still are`);
  console.log(`never more at once than ${most}`);
  console.log(`permits at the end: ${semaphore.value}`);

  // tryAcquire() does not wait, and a time limit ends a wait with false.
  console.log(`third permit at once: ${[1, 2, 3].map(() => semaphore.tryAcquire()).join(', ')}`);
  console.log(`and within 20 ms: ${await semaphore.acquire({ timeout: 20 })}`);
  semaphore.release(LIMIT);
  console.log(`given back: ${semaphore.value}`);
}

main();
