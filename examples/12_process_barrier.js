'use strict';
// A barrier: nobody goes on before all are there. Four processes compute running sums in two phases; the second phase
// reads what the others have written in the first.

const { Barrier, Process, SharedArray } = require('multiproc');

const PARTIES = 4;

async function twoPhases(barrier, numbers, me) {
  // Phase 1: everybody writes a cell.
  numbers.view[me] = (me + 1) * 10;
  const arrival = await barrier.wait();
  // Phase 2: everybody reads all cells up to their own. Without the barrier some might still be 0.
  const sum = numbers.view.subarray(0, me + 1).reduce((a, b) => a + b);
  await barrier.wait(); // all have read; only now may anybody write again
  numbers.view[me] = sum;
  return arrival;
}

// Who waits for a party that is dead would wait for ever, so the barrier breaks.
async function waitOnce(barrier) {
  return barrier.wait().catch((error) => `${error.code}, because of ${error.deadParty.pid}`);
}

function die() {
  process.kill(process.pid, 'SIGKILL');
}

async function main() {
  const barrier = new Barrier(PARTIES);
  const numbers = new SharedArray('i32', PARTIES, { lock: false });
  const processes = [0, 1, 2, 3].map((me) => new Process(twoPhases, { args: [barrier, numbers, me] }).start());
  const arrivals = await Promise.all(processes.map((child) => child.result));
  await Promise.all(processes.map((child) => child.join()));
  console.log(`running sums: ${[...numbers].join(' ')}`);
  // wait() gives each party another number: handy to choose one for a job that must be done once.
  console.log(`numbers of the parties: ${arrivals.sort().join(' ')}`);

  // Whoever was given the barrier is a party to it, also when it dies before it has waited.
  const three = new Barrier(3);
  const waiters = [1, 2].map(() => new Process(waitOnce, { args: [three] }).start());
  const victim = new Process(die, { args: [three] }).start();
  for (const waiter of waiters) {
    const answer = await waiter.result;
    console.log(`a waiter got: ${answer.replace(String(victim.pid), 'the victim')}`);
  }
  await Promise.all([...waiters, victim].map((child) => child.join()));
  console.log(`broken: ${three.broken}`);
  three.reset();
  console.log(`broken after reset: ${three.broken}`);
}

main();
