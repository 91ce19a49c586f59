'use strict';
// A POSIX message queue: a producer leaves messages of different priority and ends; a consumer that comes later takes the
// most urgent ones first. Run with `producer NAME` and `consumer NAME` in two terminals, or without arguments for both.

const { once } = require('node:events');
const { MessageQueue, spawn } = require('multiproc');

const JOBS = [
  ['sweep the floor', 0],
  ['print page 1', 5],
  ['oil the press', 1],
  ['print page 2', 5],
  ['stop the press', 9],
];

const open = (name) => MessageQueue.open(name, { create: true, maxMessages: 10, messageSize: 256 });

async function produce(name) {
  const queue = open(name);
  for (const [job, priority] of JOBS) await queue.send(job, { priority, timeout: 5000 });
  queue.close();
  process.stdout.write(`producer: ${JOBS.length} messages sent`);
}

async function consume(name) {
  const queue = open(name);
  const { currentMessages, maxMessages } = queue.attributes;
  console.log(`waiting in the queue: ${currentMessages} of ${maxMessages}`);
  try {
    for (;;) {
      const { data, priority } = await queue.receive({ timeout: 50 });
      console.log(`priority ${priority}: ${data}`);
    }
  } catch (error) {
    console.log(`empty: ${error.code}`);
  }
  queue.close();
}

async function demo() {
  const name = `/example-${process.pid}`;
  const producer = spawn(process.execPath, [__filename, 'producer', name], { stdio: 'inherit' });
  const [code] = await once(producer, 'exit');
  console.log(`, then it ended with ${code}`);
  await consume(name);

  const queue = open(name);
  let count = 0;
  while (queue.trySend(`job ${count}`)) count += 1;
  console.log(`full: room for ${count}, then false`);
  queue.close();
  queue.unlink();
  try {
    MessageQueue.open(name);
  } catch (error) {
    console.log(`without the queue: ${error.code}`);
  }
}

const [, , role, place] = process.argv;
if (role === 'producer') produce(place);
else if (role === 'consumer') consume(place);
else demo();
