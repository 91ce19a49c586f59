'use strict';
// The fork server on every version of Node.js: many children in a row and at once, each of which uses what a copy without
// all threads would hang on, and ends in one of several ways. Nothing is left of them, in the server neither.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Pool, Process, fork, forkServer, setStartMethod } = require('../..');

const IN_A_ROW = 150;
const AT_ONCE = 8;
const BURSTS = 10;

/** Compiles, collects garbage, reads a file, waits; one in ten has a worker thread. */
async function work(index) {
  const { promises } = require('node:fs');
  const { setTimeout: sleep } = require('node:timers/promises');
  let kept = [];
  for (let round = 0; round < 20; round += 1) kept = Array.from({ length: 5000 }, (_, at) => ({ at, index }));
  const compiled = new Function('x', `return x * ${index} + ${kept.length}`);
  let sum = 0;
  for (let x = 0; x < 20_000; x += 1) sum += compiled(x) % 7;
  const text = await promises.readFile('/proc/self/stat', 'utf8');
  await sleep(1);
  if (index % 10 === 0) {
    const { Worker } = require('node:worker_threads');
    const worker = new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true });
    await new Promise((resolve) => worker.once('message', resolve));
  }
  if (index % 5 === 1) process.exit(index % 50);
  return [process.pid, Number.parseInt(text, 10), Math.random(), sum > 0];
}

async function runOne(index, seen) {
  const child = new Process(work, { args: [index], stdio: ['ignore', 'inherit', 'inherit'] }).start();
  assert.equal(child.startMethod, 'forkserver');
  if (index % 5 === 1) {
    await child.result.catch(() => {});
  } else {
    const [pid, systemsPid, drawn, hasWorked] = await child.result;
    assert.equal(pid, child.pid);
    assert.equal(systemsPid, child.pid);
    assert.ok(hasWorked);
    assert.ok(!seen.has(drawn), 'a random number that was drawn before');
    seen.add(drawn);
  }
  await child.join();
  assert.equal(child.exitCode, index % 5 === 1 ? index % 50 : 0);
}

/** Programs with a channel, in both module systems. */
async function runPrograms() {
  const echo = "process.once('message', (message) => process.send([message, process.pid]))";
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fork-server-nodes-'));
  try {
    for (const name of ['echo.cjs', 'echo.mjs']) {
      const file = path.join(folder, name);
      fs.writeFileSync(file, echo);
      for (let round = 0; round < 10; round += 1) {
        const child = fork(file, { startMethod: 'forkserver', serialization: round % 2 === 0 ? 'json' : 'advanced' });
        child.send({ round });
        assert.deepEqual((await once(child, 'message'))[0], [{ round }, child.pid]);
        assert.deepEqual(await once(child, 'exit'), [0, null]);
      }
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function runPool() {
  const pool = new Pool({ workers: 4 });
  const numbers = Array.from({ length: 2000 }, (_, number) => number);
  assert.deepEqual(
    await pool.map((number) => number * 2, numbers),
    numbers.map((number) => number * 2),
  );
  pool.close();
  await pool.join();
}

async function main() {
  setStartMethod('forkserver');
  assert.equal(await forkServer.ready(), true, forkServer.reason);
  const { pid } = forkServer;
  const seen = new Set();
  const descriptors = () => fs.readdirSync(`/proc/${pid}/fd`).length;
  const before = descriptors();
  for (let index = 0; index < IN_A_ROW; index += 1) await runOne(index, seen);
  for (let burst = 0; burst < BURSTS; burst += 1) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => runOne(burst * AT_ONCE + at, seen)));
  }
  await runPrograms();
  await runPool();
  assert.equal(forkServer.pid, pid, 'one server has started all of them');
  assert.equal(descriptors(), before);
  console.log('ok');
}

main();
