'use strict';
// One process of the family, however it was started: as a Process whose target is `serve`, or forked, when `serve` is
// called with the first message. Every second one has a worker thread that does the same.

const path = require('node:path');
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { hammer } = require('./agent');
const { Board } = require('./board');
const { Hands } = require('./hands');
const { workloads } = require('./workloads');

/**
 * @param {object} setup what the parent sends: plain data, the board, and the objects
 * @param {{ onGift?: (take: (number: number, objects: object) => void) => void, sendBack?: (objects: object) => void }} [mail]
 */
async function serve(setup, mail = {}) {
  const { board: array, objects, ...plain } = setup;
  const board = new Board(array.view, workloads);
  const hands = Array.from({ length: setup.flows }, (_, flow) => new Hands(flow === 0 ? new Map(objects) : undefined));
  mail.onGift?.((number, gift) => hands[0].give(number, gift));
  const thread = setup.threadFlows > 0 ? startThread(plain, board) : undefined;
  await hammer({ board, setup, thread: 0, flows: setup.flows, hands, sendBack: mail.sendBack });
  await thread;
}

/** Worker threads get names, since our objects do not pass Node.js's own messages between threads. */
function startThread(setup, board) {
  const worker = new Worker(__filename, { workerData: { setup, buffer: board.buffer, length: board.length } });
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`the thread ended with code ${code}`))));
  });
}

async function serveInThread({ setup, buffer, length }) {
  const board = new Board(new Int32Array(buffer, 0, length), workloads);
  const hands = Array.from({ length: setup.threadFlows }, () => new Hands());
  require('../lib/runtime').open();
  await hammer({ board, setup, thread: 1, flows: setup.threadFlows, hands });
}

function serveFork() {
  let take;
  process.on('message', ({ setup, gift }) => {
    if (gift !== undefined) return take?.(gift.number, gift.objects);
    const mail = {
      onGift: (taker) => {
        take = taker;
      },
      sendBack: (objects) => process.send({ objects }),
    };
    serve(setup, mail).then(() => process.disconnect());
  });
}

if (!isMainThread && workerData?.setup !== undefined) serveInThread(workerData);
else if (process.argv[2] === 'fork' && path.resolve(process.argv[1]) === __filename) serveFork();

module.exports = { serve };
