'use strict';
// Signals: workers with a heartbeat that end their loop in order when they are asked to, and a parent that passes on what it
// gets. Press Ctrl-C while a program like this runs: the parent decides what becomes of it, not the terminal.

const { setTimeout: delay } = require('node:timers/promises');
const {
  Process,
  SharedArray,
  currentProcess,
  defineTasks,
  forwardSignals,
  isMainProcess,
  stopOnSignals,
} = require('multiproc');

const tasks = defineTasks(__filename, {
  /** Beats until it is asked to stop; finishes the round it is in. */
  async beats(hearts, index) {
    const { stopSignal } = currentProcess();
    while (!stopSignal.aborted) {
      hearts.view[index] += 1;
      await delay(5);
    }
    return `round finished, stopped by ${stopSignal.reason}`;
  },

  /** Has a mind of its own about SIGUSR1 and SIGTERM. */
  async listens(hearts, index) {
    process.on('SIGUSR1', () => {
      hearts.view[index] += 100;
    });
    const asked = new Promise((resolve) => process.once('SIGTERM', resolve));
    const timer = setInterval(() => {}, 1000);
    hearts.view[index] = 1;
    await asked;
    clearInterval(timer);
    return 'cleaned up after SIGTERM';
  },
});

async function until(condition) {
  while (!condition()) await delay(5);
}

async function main() {
  const hearts = new SharedArray('i32', 3);
  const workers = [0, 1].map((index) =>
    new Process(tasks.beats, { args: [hearts, index], name: `heart-${index}` }).start(),
  );
  const listener = new Process(tasks.listens, { args: [hearts, 2], name: 'listener' }).start();
  await until(() => !hearts.view.includes(0));
  console.log('three hearts beat');

  // A heart that stands still is seen from outside.
  workers[0].suspend();
  await delay(20);
  const before = hearts.view[0];
  await delay(50);
  console.log(`suspended: ${hearts.view[0] === before ? 'no beat' : 'it beats'}`);
  workers[0].resume();
  await until(() => hearts.view[0] > before);
  console.log('resumed: it beats again');

  // What this program gets goes on to the listener.
  const forwarding = forwardSignals(['SIGUSR1', 'SIGTERM'], [listener]);
  process.kill(process.pid, 'SIGUSR1');
  await until(() => hearts.view[2] > 100);
  console.log('SIGUSR1 was passed on');
  process.kill(process.pid, 'SIGTERM');
  console.log(`listener: ${await listener.result}`);
  await listener.join();
  forwarding.close();

  // Ctrl-C: the first one drains, a second one would terminate, a third one kill. `end: false`: this program goes on.
  const { stopped } = stopOnSignals(['SIGINT'], workers, { end: false });
  process.kill(process.pid, 'SIGINT');
  await stopped;
  for (const worker of workers) console.log(`${worker.name}: ${await worker.result}, exit code ${worker.exitCode}`);
}

if (isMainProcess) main();
