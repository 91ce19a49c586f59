'use strict';
// What C programs do with signal(2), waitpid(2) and kill(2): a flag that SIGTERM sets, four children whose ends come as they
// come, and SIGUSR1 to one of them.

const { once } = require('node:events');
const { Barrier, Process } = require('multiproc');

/** Works until SIGTERM has set the flag. */
async function loops(ready) {
  let isTerminated = false;
  process.once('SIGTERM', () => {
    isTerminated = true;
  });
  await ready.wait();
  let rounds = 0;
  while (!isTerminated) {
    rounds += 1;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return rounds > 0 ? 'left the loop' : 'no round';
}

async function countsUsr1(ready) {
  let count = 0;
  process.on('SIGUSR1', () => {
    count += 1;
    if (count === 3) process.exit(30 + count);
  });
  setInterval(() => {}, 1000);
  await ready.wait();
  await new Promise(() => {});
}

async function main() {
  // A handler that sets a flag.
  const ready = new Barrier(2);
  const looping = new Process(loops, { args: [ready] }).start();
  await ready.wait();
  looping.signal('SIGTERM');
  console.log(`SIGTERM: ${await looping.result}`);
  await looping.join();
  console.log(`exit code ${looping.exitCode}, signal ${looping.signalCode}`);

  // The ends of four children, in whatever order: no SIGCHLD handler, nobody is forgotten.
  const children = [1, 2, 3, 4].map((number) =>
    new Process((number) => process.exit(number), { args: [number] }).start(),
  );
  const ends = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  console.log(`four children ended with ${ends.join(', ')}`);
  for (const child of children) await child.result.catch(() => {});

  // A signal with a meaning of the program's own. Signals of a kind that wait are one signal, so each is awaited by its
  // effect; here three are sent with pauses.
  const counting = new Process(countsUsr1, { args: [ready] }).start();
  counting.result.catch(() => {});
  await ready.wait();
  while (counting.isAlive()) {
    counting.signal('SIGUSR1');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await counting.join();
  console.log(`SIGUSR1 three times: exit code ${counting.exitCode}`);

  // Without a handler a signal ends the process, and that is told from an exit.
  const plain = new Process((ready) => ready.wait().then(() => new Promise((resolve) => setTimeout(resolve, 60_000))), {
    args: [ready],
  }).start();
  plain.result.catch(() => {});
  await ready.wait();
  plain.signal('SIGUSR2');
  await plain.join();
  console.log(`SIGUSR2 without a handler: exit code ${plain.exitCode}, signal ${plain.signalCode}`);
}

main();
