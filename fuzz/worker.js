'use strict';
// Runs rounds in a thread of its own. What is being decoded stands in shared memory, so that run.js has it when the
// thread hangs or runs out of memory.

const { parentPort, workerData } = require('node:worker_threads');
const { corpus } = require('./corpus');
const { messageOf, tryMessage } = require('./round');

const { seed, first, seconds, state, current } = workerData;
const messages = corpus(seed);
const kinds = new Map();
const end = performance.now() + seconds * 1000;
let largest = 0;

for (let round = first; performance.now() < end; round++) {
  const bytes = messageOf(seed, round, messages);
  current.set(bytes);
  Atomics.store(state, 1, bytes.length);
  Atomics.store(state, 0, round);
  const { kind, finding, growth } = tryMessage(bytes);
  if (finding !== null) {
    parentPort.postMessage({ finding });
    break;
  }
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  largest = Math.max(largest, growth / bytes.length);
}
parentPort.postMessage({ kinds, largest });
