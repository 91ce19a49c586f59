'use strict';
// A pool: worker processes that stay and take one task after the other. Starting a process costs as much as many small
// tasks, so a pool starts them once.

const { Pool, cpuCount } = require('multiproc');

// How many steps the Collatz sequence of n takes to reach 1.
function collatz(n) {
  let steps = 0;
  for (let value = n; value !== 1; steps += 1) value = value % 2 === 0 ? value / 2 : 3 * value + 1;
  return { n, steps, pid: process.pid };
}

async function main() {
  const pool = new Pool(); // one worker for each processor
  console.log(`a worker for each processor: ${pool.size === cpuCount()}`);

  // map() hands the items out in chunks to whoever is free, and returns the results in the order of the items.
  const numbers = [3, 7, 27, 97, 871, 6171, 77031, 837799, 8400511, 63728127];
  const results = await pool.map(collatz, numbers);
  for (const { n, steps } of results) console.log(`collatz(${n}) takes ${steps} steps`);

  const pids = new Set(results.map(({ pid }) => pid));
  console.log(`done by workers only: ${!pids.has(process.pid) && pids.size <= pool.size}`);

  // run() is for one call. An error in the worker is thrown here, and the worker lives on.
  console.log(`run: ${await pool.run((a, b) => a ** b, 2, 10)}`);
  try {
    await pool.run((text) => JSON.parse(text), '{');
  } catch (error) {
    console.log(`a task failed: ${error.name}`);
  }

  pool.close(); // no more tasks
  await pool.join(); // and the workers are gone
  console.log(`workers left: ${pool.workers.length}`);
}

main();
