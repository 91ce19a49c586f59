'use strict';
// Three processes and a worker thread add to one SharedArrayBuffer, and nothing is lost.

const assert = require('node:assert');
const { once } = require('node:events');
const { types } = require('node:util');
const { Worker } = require('node:worker_threads');
const { Process, SharedArray, SharedValue, sharedBuffer } = require('multiproc');

const ROUNDS = 50_000;

function add(buffer, rounds) {
  const [small, large] = [new Int32Array(buffer, 0, 1), new BigInt64Array(buffer, 8, 1)];
  for (let round = 0; round < rounds; round += 1) {
    Atomics.add(small, 0, 1);
    Atomics.add(large, 0, 3n);
  }
  return rounds;
}

async function main() {
  const buffer = sharedBuffer(4096);
  assert.ok(buffer instanceof SharedArrayBuffer && types.isSharedArrayBuffer(buffer));
  const children = [1, 2, 3].map(() => new Process(add, { args: [buffer, ROUNDS] }).start());
  const code = `${add}; const { workerData } = require('node:worker_threads'); add(workerData.buffer, workerData.rounds);`;
  const worker = new Worker(code, { eval: true, workerData: { buffer, rounds: ROUNDS } });
  const ended = once(worker, 'exit');
  assert.deepStrictEqual(await Promise.all(children.map(({ result }) => result)), [ROUNDS, ROUNDS, ROUNDS]);
  assert.deepStrictEqual(await ended, [0]);
  assert.strictEqual(new Int32Array(buffer)[0], 4 * ROUNDS);
  assert.strictEqual(new BigInt64Array(buffer)[1], BigInt(12 * ROUNDS));
  await Promise.all(children.map((child) => child.join()));

  const array = new SharedArray('f64', 4);
  const value = new SharedValue('i64', 1n);
  const child = new Process(
    (shared, number) => {
      shared.view[2] = 2.5;
      return [number.add(5n), shared.view];
    },
    { args: [array, value] },
  ).start();
  const [before, view] = await child.result;
  assert.strictEqual(before, 1n);
  assert.strictEqual(value.value, 6n);
  assert.strictEqual(view.buffer, array.buffer);
  assert.deepStrictEqual([...array], [0, 0, 2.5, 0]);
  await child.join();

  // Dropped buffers are taken by the collector, on this line of Node.js as well, and the program survives it.
  for (let count = 0; count < 2000; count += 1) new Uint8Array(sharedBuffer(100_000))[0] = 1;
  console.log('ok');
}

main();
