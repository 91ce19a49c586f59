'use strict';
// Fork servers of worker threads end with the thread, however far they are, and leave nothing; and what a server has inherited
// is what its parent had when the server was started.

const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const test = require('ava');
const { Process, forkServer, setStartMethod } = require('../..');
const { guard } = require('../helpers/leaks');
const { descendants } = require('../helpers/processes');
const { until, warmUp } = require('../fixtures/process/watch');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'fork_server', 'in_thread.cjs');

guard(test, { warmUp });

const inThread = async (state) => {
  const worker = new Worker(FIXTURE, { workerData: { until: state } });
  const [said] = await once(worker, 'message');
  return { worker, said };
};

for (const state of ['starting', 'testing', 'ready', 'child']) {
  test.serial(`a thread that is ended when its server has come to "${state}" leaves no process`, async (t) => {
    for (let round = 0; round < 3; round += 1) {
      const { worker, said } = await inThread(state);
      t.is(said, state === 'child' ? 'forkserver' : state);
      await worker.terminate();
    }
    await until(() => descendants(process.pid).every(({ state }) => state === 'Z'), 'the servers are gone');
    await new Process(() => {}, { startMethod: 'spawn' }).start().join();
    await until(() => descendants(process.pid).length === 0, 'nothing is left, and no zombie');
  });
}

test.serial('a thread that ends by itself is kept by no server', async (t) => {
  const { worker, said } = await inThread('end');
  t.is(said, 'forkserver');
  t.deepEqual(await once(worker, 'exit'), [0]);
  await new Process(() => {}, { startMethod: 'spawn' }).start().join();
  await until(() => descendants(process.pid).length === 0, 'nothing is left');
});

test.serial(
  'what changes while the server starts is not that of the server: the child has it all the same',
  async (t) => {
    const mask = process.umask();
    t.teardown(() => {
      process.umask(mask);
      setStartMethod('spawn', { force: true });
    });
    setStartMethod('forkserver', { force: true });
    process.umask(mask ^ 0o77);
    t.true(await forkServer.ready());
    const child = new Process(() => process.umask()).start();
    t.is(await child.result, mask ^ 0o77);
    t.is(child.startMethod, 'forkserver', 'there is a new server');
    await child.join();
  },
);
