'use strict';
// Makes and drops shared objects, a million of them unless told otherwise: closed, left to the collector, sent to a child
// and back, held by children that are killed. Memory must stay as it is after the warm-up: that of this process, that of
// the child, and what the domain holds.
//
//   node --expose-gc __test__/stress/lifetime.js [cycles]
//
// Prints JSON: figures after the warm-up and at the end, and what grew. Ends with 1 when anything did.

const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const { setImmediate: turn, setTimeout: delay } = require('node:timers/promises');
const { Barrier, Lock, Semaphore, SharedArray, SharedValue, fork, sharedBuffer } = require('../..');
const native = require('../../lib/binding');

const CHILD = path.join(__dirname, 'lifetime_child.js');
const BATCH = 100;
/** Both processes collect after so many batches: when V8 does it by itself changes with its heap, and would look like growth. */
const COLLECT_EVERY = 50;
const SIZES = [1, 100, 1000, 5000, 20_000];
const WARM_UP = 100_000;
const KILLS = 5;
const GROWTH_MAX = 0.05;
/** What a process may have more without any of it being growth: garbage that V8 had not swept yet when it was measured. */
const SLACK_KB = 2048;

let child;
let serial = 0;

/** One batch of each way in which objects end. */
const WAYS = {
  closed() {
    for (let n = 0; n < BATCH; n += 1) {
      const lock = new Lock();
      lock.acquireSync();
      lock.release();
      lock.close();
    }
  },
  dropped() {
    for (let n = 0; n < BATCH; n += 1) {
      const lock = new Lock();
      lock.acquireSync();
      if (n % 2 === 0) lock.release();
    }
  },
  buffers() {
    for (let n = 0; n < BATCH; n += 1) {
      const view = new Uint8Array(sharedBuffer(SIZES[n % SIZES.length]));
      if (view[0] !== 0 || view.at(-1) !== 0) throw new Error('a new buffer was not zeroed');
      view.fill(0xff);
    }
  },
  others() {
    for (let n = 0; n < BATCH; n += 5) {
      new SharedValue('i64', 5n);
      new SharedArray('f64', 50, { lock: false });
      new Semaphore(2).close();
      new Barrier(2);
      // A name of its own, so that names come and go too.
      serial += 1;
      new Lock({ name: `lifetime ${serial}` });
    }
  },
  async travelled() {
    const sent = [];
    for (let n = 0; n < BATCH; n += 4) sent.push(new Lock(), sharedBuffer(1000), new Semaphore(1), sharedBuffer(200));
    const answered = once(child, 'message');
    child.send(sent);
    const [back] = await answered;
    if (back[0].constructor !== Lock || back.length !== BATCH) throw new Error('not what was sent');
    // One of them is closed, the others are left to the collectors of both processes.
    back[0].close();
  },
};

function startChild() {
  const started = fork(CHILD, [], { serialization: 'advanced', execArgv: process.execArgv });
  started.on('error', (error) => {
    throw error;
  });
  return started;
}

/** A child that holds objects when it is killed. What it has not read yet is for memory/backlog.test.js. */
async function killOne() {
  const victim = startChild();
  victim.send({ hold: [new Lock(), sharedBuffer(100_000), new Semaphore(1), new Barrier(2)] });
  await once(victim, 'message');
  const exited = once(victim, 'exit');
  victim.kill('SIGKILL');
  await exited;
}

async function cycle(count) {
  const ways = Object.values(WAYS);
  for (let batch = 0; batch * BATCH < count; batch += 1) {
    await ways[batch % ways.length]();
    if (batch % Math.ceil(count / BATCH / KILLS) === 0) await killOne();
    if (batch % COLLECT_EVERY === 0) await collect();
    await turn();
  }
}

async function collect() {
  global.gc();
  child.send('collect');
  await once(child, 'message');
}

function memoryOf(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)[1]);
}

async function collected(pid) {
  for (let round = 0; round < 5; round += 1) {
    await collect();
    await delay(20);
  }
  const { liveBlocks, liveBytes, descriptor } = native.domainInfo();
  return {
    rssKB: memoryOf('self'),
    childRssKB: memoryOf(pid),
    liveBlocks,
    liveBytes,
    fileKB: fs.fstatSync(descriptor).blocks / 2,
  };
}

async function main() {
  const cycles = Number(process.argv[2] ?? 1_000_000);
  const began = performance.now();
  child = startChild();
  await cycle(WARM_UP);
  const warm = await collected(child.pid);
  await cycle(cycles);
  const end = await collected(child.pid);
  const grew = Object.keys(warm).filter((figure) => {
    const isSize = figure.endsWith('KB');
    return end[figure] > warm[figure] * (isSize ? 1 + GROWTH_MAX : 1) + (isSize ? SLACK_KB : 0);
  });
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
  console.log(JSON.stringify({ cycles, seconds: Math.round((performance.now() - began) / 1000), warm, end, grew }));
  process.exitCode = grew.length === 0 ? 0 : 1;
}

main();
