'use strict';
// Three processes share a computation, each on a processor of its own as far as there are enough.
//
// `countPrimes` uses `isPrime`, so its text alone would not run elsewhere. defineTasks() gives it a name that the child
// finds by loading this file. The child therefore runs the top level of the file too, and what starts processes must
// stand under `if (isMainProcess)`; otherwise each child would start children.

const { Process, defineTasks, isMainProcess } = require('multiproc');

function isPrime(n) {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return n > 1;
}

const tasks = defineTasks(__filename, {
  countPrimes(from, to) {
    let count = 0;
    for (let n = from; n < to; n += 1) if (isPrime(n)) count += 1;
    return count;
  },
});

async function main() {
  const ranges = [
    [0, 200_000],
    [200_000, 300_000],
    [300_000, 400_000],
  ];
  const processes = ranges.map((range) => new Process(tasks.countPrimes, { args: range }));
  for (const child of processes) child.start();

  // They run at the same time and may end in any order; the results come in the order of the list.
  const counts = await Promise.all(processes.map((child) => child.result));
  for (const [index, [from, to]] of ranges.entries()) console.log(`${counts[index]} primes from ${from} to ${to}`);
  console.log(`${counts.reduce((sum, count) => sum + count)} primes below 400000`);

  await Promise.all(processes.map((child) => child.join()));
  console.log(`exit codes: ${processes.map((child) => child.exitCode).join(', ')}`);
  // The very same function is callable here.
  console.log(`${tasks.countPrimes(0, 100)} primes below 100, counted by the parent`);
}

if (isMainProcess) main();
