'use strict';
// Whose parent has ended is an orphan, and the system gives it another parent.
//
// By default there are none here: processes end with the one that started them, however that one ends. `orphan: 'allow'`
// lets one live on, and `detached: true` gives it a session of its own as well, as a background service has.

const { setTimeout: delay } = require('node:timers/promises');
const { Process, SharedArray, defineTasks, isMainProcess, parentProcess, processState } = require('multiproc');

const tasks = defineTasks(__filename, {
  /** Starts a child with the given options and stays. */
  family(pids, options) {
    new Process(tasks.stays, { args: [pids], stdio: 'ignore', ...options }).start();
    setInterval(() => {}, 1000);
  },

  /** Tells who its parent is, waits for that one's end, tells who it is then, and stays. */
  async stays(pids) {
    const parent = parentProcess();
    pids.view[1] = process.ppid;
    pids.view[0] = process.pid;
    await parent.join();
    pids.view[2] = processState(process.pid).ppid;
    setInterval(() => {}, 1000);
  },
});

async function until(condition) {
  while (!condition()) await delay(5);
}

async function show(title, options) {
  const pids = new SharedArray('i32', 3);
  const parent = new Process(tasks.family, { args: [pids, options], stdio: 'ignore' }).start();
  parent.result.catch(() => {});
  await until(() => pids.view[0] !== 0);
  const [child, itsParent] = pids.view;
  console.log(`${title}: its parent is the one that started it: ${itsParent === parent.pid}`);

  parent.kill();
  await parent.join();
  if (options.orphan === undefined && !options.detached) {
    await until(() => ['dead', 'zombie'].includes(processState(child).state));
    console.log(`${title}: ended with its parent`);
    return;
  }
  await until(() => pids.view[2] !== 0);
  console.log(
    `${title}: alive: ${processState(child).state !== 'dead'}, and another parent's: ${pids.view[2] !== parent.pid}`,
  );
  process.kill(child, 'SIGKILL');
}

async function main() {
  await show('by default', {});
  await show('orphan', { orphan: 'allow' });
  await show('detached', { detached: true });
}

if (isMainProcess) main();
