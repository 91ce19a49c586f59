'use strict';
// A lock: one process at a time. And what no lock file can do: its holder is killed, the next one gets it and knows.

const { Lock, Process, SharedArray } = require('multiproc');

const [ALICE, BOB] = [0, 1];

function transfer(lock, accounts, rounds) {
  const [alice, bob] = [0, 1];
  for (let i = 0; i < rounds; i += 1) {
    lock.runSync(() => {
      accounts.view[alice] -= 1;
      accounts.view[bob] += 1;
    });
  }
}

// Takes the lock, does half of the work, and is gone: no `finally` runs after SIGKILL.
function dieInTheMiddle(lock, accounts) {
  lock.acquireSync();
  accounts.view[0] -= 30;
  process.kill(process.pid, 'SIGKILL');
}

async function main() {
  const lock = new Lock();
  const accounts = new SharedArray('i32', [4000, 0], { lock: false });

  const workers = [1, 2, 3].map(() => new Process(transfer, { args: [lock, accounts, 1000] }).start());
  await Promise.all(workers.map((worker) => worker.result));
  await Promise.all(workers.map((worker) => worker.join()));
  console.log(`3000 transfers: ${[...accounts].join(' + ')} = ${accounts.at(ALICE) + accounts.at(BOB)}`);

  const victim = new Process(dieInTheMiddle, { args: [lock, accounts] }).start();
  await victim.join();
  await victim.result.catch((error) => console.log(`the holder died: ${error.code}, ${error.signalCode}`));
  console.log(`left behind: ${[...accounts].join(' + ')} = ${accounts.at(ALICE) + accounts.at(BOB)}`);

  // The lock is not lost with its holder, and whoever gets it is told that the data may be half-changed.
  console.log(`acquired: ${await lock.acquire({ timeout: 10_000 })}`);
  console.log(`abandoned by the victim: ${lock.abandonedBy?.pid === victim.pid}`);
  accounts.view[BOB] += 4000 - accounts.at(ALICE) - accounts.at(BOB); // the half that is missing
  lock.release();
  console.log(`repaired: ${[...accounts].join(' + ')} = ${accounts.at(ALICE) + accounts.at(BOB)}`);

  await lock.run(() => console.log(`next time: abandoned by ${lock.abandonedBy}`));
  console.log(`locked at the end: ${lock.locked}`);
}

main();
