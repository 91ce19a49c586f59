'use strict';
// A process in a few milliseconds: a copy of one that has its modules loaded. What is loaded is loaded once; what a copy changes
// is its own; and what cannot be copied is started the ordinary way.

const { forkServer, isMainProcess, Process, setStartMethod } = require('multiproc');

// Stands for something that takes long to load: the server has it before the first copy is made.
exports.primes = primesBelow(100_000);
exports.madeBy = process.pid;
exports.visits = 0;

function primesBelow(limit) {
  const composite = new Uint8Array(limit);
  const primes = [];
  for (let n = 2; n < limit; n += 1) {
    if (composite[n]) continue;
    primes.push(n);
    for (let multiple = n * n; multiple < limit; multiple += n) composite[multiple] = 1;
  }
  return primes;
}

/** Runs in a copy. */
function visit(n) {
  const shared = require(__filename);
  shared.visits += 1;
  return { prime: shared.primes[n], visits: shared.visits, madeBy: shared.madeBy, drawn: Math.random() };
}

async function main() {
  setStartMethod('forkserver', { preload: [__filename] });
  const first = new Process(visit, { args: [0] }).start();
  console.log(`started while the server starts: by ${first.startMethod}`);
  await first.join();

  console.log(`the server is ready: ${await forkServer.ready()}`);
  const children = [0, 1, 2].map((n) => new Process(visit, { args: [10 ** n] }).start());
  console.log(`three more: by ${[...new Set(children.map((child) => child.startMethod))].join()}`);
  const results = await Promise.all(children.map((child) => child.result));
  console.log(`primes: ${results.map(({ prime }) => prime).join(', ')}`);
  console.log(`made by the server: ${results.every(({ madeBy }) => madeBy === forkServer.pid)}`);
  console.log(`each is the first visitor: ${results.every(({ visits }) => visits === 1)}`);
  console.log(`random numbers that are equal: ${3 - new Set(results.map(({ drawn }) => drawn)).size}`);

  const own = new Process(visit, { args: [0], maxHeapMb: 64 }).start();
  console.log(`with a heap of its own: by ${own.startMethod}`);
  await own.join();

  process.kill(forkServer.pid, 'SIGKILL');
  const after = new Process(visit, { args: [4] }).start();
  const { prime } = await after.result;
  console.log(`the server was killed, and the next one works: ${prime}`);
}

if (isMainProcess) main();
