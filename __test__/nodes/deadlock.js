'use strict';
// Deadlocks are found, and what an event loop still waits for is seen: both look into libuv's own tables.

const assert = require('node:assert');
const { MessageChannel } = require('node:worker_threads');
const { Barrier, Lock, Process } = require('multiproc');

main();

async function main() {
  await twoProcesses();
  await hopes();
  console.log('ok');
}

/** Each takes one lock and then, when both have one, the other's. */
async function opposite(first, second, meeting, blocks) {
  await first.acquire();
  await meeting.wait();
  try {
    if (blocks) second.acquireSync();
    else await second.acquire();
    second.release();
    return null;
  } catch (error) {
    return { code: error.code, pids: error.cycle.map(({ pid }) => pid) };
  } finally {
    first.release();
  }
}

async function twoProcesses() {
  for (const blocking of [
    [true, true],
    [false, false],
    [true, false],
  ]) {
    const [a, b, meeting] = [new Lock(), new Lock(), new Barrier(2)];
    const children = [
      new Process(opposite, { args: [a, b, meeting, blocking[0]] }).start(),
      new Process(opposite, { args: [b, a, meeting, blocking[1]] }).start(),
    ];
    const outcomes = await Promise.all(children.map(({ result }) => result));
    const told = outcomes.filter((outcome) => outcome !== null);
    assert.strictEqual(told.length, 1);
    assert.strictEqual(told[0].code, 'ERR_MULTIPROC_DEADLOCK');
    assert.deepStrictEqual(told[0].pids.sort(), children.map(({ pid }) => pid).sort());
    await Promise.all(children.map((child) => child.join()));
  }
}

/** One flow of this thread holds the lock, and the other waits for it. What does the loop see of the first? */
async function hopes() {
  const lock = new Lock();
  await lock.acquire();
  const begun = performance.now();
  await assert.rejects(lock.acquire(), { code: 'ERR_MULTIPROC_DEADLOCK' });
  assert.ok(performance.now() - begun < 5000, 'nothing else holds the loop up');

  setTimeout(() => lock.release(), 300).unref();
  assert.strictEqual(await lock.acquire(), true, 'a timer that does not keep the loop alive');

  process.on('SIGUSR2', () => lock.release());
  setTimeout(() => process.kill(process.pid, 'SIGUSR2'), 300).unref();
  assert.strictEqual(await lock.acquire(), true, 'a signal');
  process.removeAllListeners('SIGUSR2');

  const { port1, port2 } = new MessageChannel();
  port1.on('message', () => lock.release());
  port1.unref();
  const sender = new Process((ms) => new Promise((resolve) => setTimeout(resolve, ms)), { args: [300] }).start();
  sender.once('exit', () => port2.postMessage(''));
  assert.strictEqual(await lock.acquire(), true, 'a port, after the end of a child');
  port1.close();

  const held = assert.rejects(lock.acquire(), { code: 'ERR_MULTIPROC_DEADLOCK' });
  await held;
  lock.release();
}
