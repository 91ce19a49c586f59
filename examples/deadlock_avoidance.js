'use strict';
// No deadlock can arise where everybody takes several locks in the same order. acquireAll() does that, whatever order they
// are named in: all of them or none.

const { acquireAll, defineTasks, isMainProcess, Lock, Process, SharedArray } = require('multiproc');

// A function of this module, which may use what the module has imported.
const { transfer } = defineTasks(__filename, {
  // Moves money between accounts, each with a lock of its own. Named in every order: from and to differ.
  async transfer(accounts, locks, from, to, rounds) {
    for (let round = 0; round < rounds; round += 1) {
      const held = await acquireAll([locks[from], locks[to]]);
      accounts.view[from] -= 1;
      accounts.view[to] += 1;
      held.release();
    }
    return rounds;
  },
});

async function main() {
  const accounts = new SharedArray('i32', [1000, 1000, 1000], { lock: false });
  const locks = [0, 1, 2].map(() => new Lock());
  const routes = [
    [0, 1],
    [1, 2],
    [2, 0],
    [1, 0],
  ];
  const clerks = routes.map(([from, to]) => new Process(transfer, { args: [accounts, locks, from, to, 200] }).start());
  const rounds = await Promise.all(clerks.map((clerk) => clerk.result));
  await Promise.all(clerks.map((clerk) => clerk.join()));
  console.log(`${rounds.reduce((sum, count) => sum + count)} transfers, no deadlock`);
  console.log(`accounts: ${[...accounts].join(', ')}`);

  // All or none: while one of them is taken, none of the others is held.
  locks[2].acquireSync();
  console.log(`all three within 20 ms: ${await acquireAll(locks, { timeout: 20 })}`);
  console.log(`held meanwhile: ${locks.filter((lock) => lock.locked).length}`);
  locks[2].release();
}

if (isMainProcess) main();
