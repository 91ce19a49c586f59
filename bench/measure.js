'use strict';
// The loops that contenders share, so that rivals differ in the library alone. Each warms up first, then measures for
// `budget` milliseconds (or over a fixed count), and resolves to a figure in the unit of its row.

const { once } = require('node:events');
const { performance } = require('node:perf_hooks');

const SMALL_OBJECT = { id: 1, kind: 'task', name: 'resize', width: 640, height: 480, tags: ['a', 'b'], done: false };

/** Median milliseconds of an operation that may take long. @param {() => Promise<unknown>} operation resolves when done */
async function medianOf(operation, { budget, settle = async () => {} }) {
  const times = [];
  const deadline = performance.now() + budget;
  do {
    const started = performance.now();
    const value = await operation();
    times.push(performance.now() - started);
    await settle(value);
  } while (performance.now() < deadline || times.length < 3);
  return median(times);
}

/** Mean microseconds of an asynchronous operation, one at a time. */
async function meanOf(operation, { budget, warmUp }) {
  for (let i = 0; i < warmUp; i++) await operation();
  let count = 0;
  const started = performance.now();
  const deadline = started + budget;
  let now = started;
  while (now < deadline) {
    await operation();
    count++;
    now = performance.now();
  }
  return ((now - started) * 1000) / count;
}

/** The same of one that blocks. */
function meanOfSync(operation, { budget, warmUp }) {
  for (let i = 0; i < warmUp; i++) operation();
  let count = 0;
  const started = performance.now();
  const deadline = started + budget;
  let now = started;
  while (now < deadline) {
    operation();
    count++;
    now = performance.now();
  }
  return ((now - started) * 1000) / count;
}

/**
 * Mean microseconds from `send(message)` until the next call of the function given to `receive`. No promise between.
 * @param {(message: unknown) => void} send
 * @param {(listener: (message: unknown) => void) => void} receive
 */
function roundTrips(send, receive, message, { budget, warmUp }) {
  return new Promise((resolve) => {
    let count = -warmUp;
    let started = 0;
    receive((reply) => {
      count++;
      if (count === 0) started = performance.now();
      if (count > 0) {
        const elapsed = performance.now() - started;
        if (elapsed >= budget) return resolve((elapsed * 1000) / count);
      }
      send(message === undefined ? reply : message);
    });
    send(message);
  });
}

/** Messages a second, from the moment the flood is asked for until its last message has arrived; the second of two floods. */
async function flood(ask, receive, count) {
  let left = 0;
  let done = () => {};
  receive(() => {
    left--;
    if (left === 0) done();
  });
  let rate = 0;
  for (const part of [Math.ceil(count / 10), count]) {
    const started = performance.now();
    await new Promise((resolve) => {
      left = part;
      done = resolve;
      ask(part);
    });
    rate = (part * 1000) / (performance.now() - started);
  }
  return rate;
}

/** Tasks a second when all are handed over at once; the second of two runs. @param {(i: number) => Promise<number>} run */
async function tasksAtOnce(run, count) {
  return batches(async (size) => {
    const results = await Promise.all(Array.from({ length: size }, (_, i) => run(i)));
    if (results.at(-1) !== size) throw new Error(`the last task returned ${results.at(-1)} instead of ${size}`);
  }, count);
}

async function batches(runBatch, count) {
  await runBatch(Math.ceil(count / 10));
  const started = performance.now();
  await runBatch(count);
  return (count * 1000) / (performance.now() - started);
}

/**
 * Median milliseconds for which a call that starts a child blocks the event loop, one child at a time.
 * @param {() => import('node:child_process').ChildProcess} start
 */
async function blockedBy(start, { budget }) {
  const times = [];
  const deadline = performance.now() + budget;
  do {
    const started = performance.now();
    const child = start();
    times.push(performance.now() - started);
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`the program ended with ${code}`);
  } while (performance.now() < deadline || times.length < 3);
  return median(times);
}

/** So much memory of this process as is written to, kept until it ends. */
function touchMemory(bytes) {
  touched.push(Buffer.alloc(bytes, 1));
}
const touched = [];

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

module.exports = {
  SMALL_OBJECT,
  batches,
  blockedBy,
  flood,
  meanOf,
  meanOfSync,
  median,
  medianOf,
  roundTrips,
  tasksAtOnce,
  touchMemory,
};
