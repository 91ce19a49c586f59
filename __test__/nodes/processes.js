'use strict';
// How processes end, on every version of Node.js: full heaps (V8's exported C++ function), zombies, the blocking join,
// requests to stop, interrupts, and a stdout that nobody reads.

const assert = require('node:assert/strict');
const { Process, processState, wait } = require('../..');

const stays = () => new Promise((resolve) => setTimeout(resolve, 60_000));

async function main() {
  const fills = () => {
    const kept = [];
    for (;;) kept.push(new Array(1000).fill({}));
  };
  const full = new Process(fills, { maxHeapMb: 30, stdio: 'ignore' }).start();
  await full.join();
  assert.equal(full.exitReason, 'heap-oom');

  const blocking = new Process(() => 7).start();
  assert.equal(blocking.joinSync(60_000), true);
  assert.equal(await blocking.result, 7);

  const zombie = new Process(() => process.exit(42), { reap: 'manual', stdio: 'ignore' }).start();
  zombie.result.catch(() => {});
  await wait([zombie.sentinel]);
  assert.equal(processState(zombie.pid).state, 'zombie');
  assert.deepEqual(await zombie.wait(), { exitCode: 42, signalCode: null, exitReason: 'code' });
  assert.equal(processState(zombie.pid).state, 'dead');

  const stops = new Process(async () => {
    const { currentProcess } = require('../..');
    const { stopSignal } = currentProcess();
    const timer = setInterval(() => {}, 1000);
    if (!stopSignal.aborted) await new Promise((resolve) => stopSignal.addEventListener('abort', resolve));
    clearInterval(timer);
    return stopSignal.reason;
  }).start();
  await stops.requestStop('enough');
  assert.equal(await stops.result, 'enough');

  const interrupted = new Process(
    async () => {
      process.stdout.write('up\n');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    },
    { stdio: ['ignore', 'pipe', 'ignore'] },
  ).start();
  interrupted.result.catch(() => {});
  await new Promise((resolve) => interrupted.stdout.once('data', resolve));
  process.kill(interrupted.pid, 'SIGINT');
  assert.equal(await interrupted.join({ timeout: 100 }), false);
  interrupted.interrupt();
  await interrupted.join();
  assert.equal(interrupted.signalCode, 'SIGINT');

  const unread = new Process(
    async () => {
      process.stdout.write('nobody reads this');
      await new Promise((resolve) => setTimeout(resolve, 50));
      process.stdout.write('nor this');
      return 'done';
    },
    { stdio: ['ignore', 'pipe', 'ignore'] },
  ).start();
  unread.stdout.destroy();
  assert.equal(await unread.result, 'done');
  await unread.join();
  assert.equal(unread.exitCode, 0);

  const terminated = new Process(stays, { stdio: 'ignore' }).start();
  await terminated.terminate();
  assert.equal(terminated.signalCode, 'SIGTERM');
  console.log('ok');
}

main();
