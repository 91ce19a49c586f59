'use strict';
// What waiting costs the rest of a program: nothing.

const dns = require('node:dns');
const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const { Barrier, Lock, Process, Semaphore } = require('..');
const { BOUND, ready, warmUp } = require('./fixtures/sync/family');
const { guard } = require('./helpers/leaks');
const { run } = require('./helpers/run');

const fixture = (name) => path.join(__dirname, 'fixtures', 'sync', name);

guard(test, { warmUp });

test.serial('pending waits leave the threads of fs and dns alone', async (t) => {
  const lock = new Lock();
  lock.acquireSync();
  const semaphore = new Semaphore(0);
  const controller = new AbortController();
  const { signal } = controller;
  const waits = [];
  for (let count = 0; count < 8; count += 1) waits.push(lock.acquire({ signal }), semaphore.acquire({ signal }));
  const text = await fs.promises.readFile(__filename, 'utf8');
  t.regex(text, /pending waits/);
  const { address } = await dns.promises.lookup('localhost');
  t.regex(address, /^(127\.0\.0\.1|::1)$/);
  const others = Array.from({ length: 20 }, () => fs.promises.stat(__filename));
  t.is((await Promise.all(others)).length, 20);
  controller.abort();
  for (const result of await Promise.allSettled(waits)) t.is(result.reason?.code, 'ABORT_ERR');
});

test.serial('a process that only waits uses no processor time', async (t) => {
  const { stdout, stderr, code } = await run(fixture('waits_idle.js'));
  t.is(code, 0, stderr);
  const [awaiting, blocked] = JSON.parse(stdout);
  t.log(`clock ticks in a second: ${awaiting} awaiting, ${blocked} blocked`);
  t.true(awaiting <= 1);
  t.true(blocked <= 1);
});

test.serial('a thousand pending waits all end', async (t) => {
  const semaphores = Array.from({ length: 10 }, () => new Semaphore(0));
  const lock = new Lock();
  lock.acquireSync();
  const barrier = new Barrier(101);
  const waits = [];
  for (let count = 0; count < 100; count += 1) {
    for (const semaphore of semaphores) waits.push(semaphore.acquire());
    waits.push(lock.acquire().then(() => lock.release()));
    waits.push(barrier.wait());
    waits.push(new Lock().acquire());
  }
  const child = new Process(
    (permits, last) => {
      for (const semaphore of permits) for (let count = 0; count < 100; count += 1) semaphore.release();
      return last.wait();
    },
    { args: [semaphores, barrier] },
  ).start();
  lock.release();
  await Promise.all(waits);
  t.is(await child.result, 100, 'it came last');
  await child.join();
  t.true(semaphores.every(({ value }) => value === 0));
  t.false(lock.locked);
});

test.serial('timers and other work go on while waits are pending and while they end', async (t) => {
  const lock = new Lock();
  const child = await ready(
    t,
    async (isReady, shared) => {
      isReady.release();
      for (let round = 0; round < 300; round += 1) await shared.run(() => {});
    },
    lock,
  );
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  for (let round = 0; round < 300; round += 1) {
    await lock.acquire({ timeout: BOUND });
    await new Promise(setImmediate);
    lock.release();
  }
  await child.result;
  clearInterval(timer);
  t.true(turns > 0);
});

test.serial('a process with a pending wait stays alive for it, and ends without one', async (t) => {
  t.deepEqual(await run(fixture('waits_alive.js'), ['waits']), {
    stdout: 'false true\n',
    stderr: '',
    code: 0,
    signal: null,
  });
  t.is((await run(fixture('waits_alive.js'), ['idle'])).stdout, 'idle\n');
  t.is((await run(fixture('waits_alive.js'), ['aborted'])).stdout, 'ABORT_ERR\n');
});
