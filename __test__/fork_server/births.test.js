'use strict';
// Newborns that are killed as soon as they exist: before they have said who they are, or later.

const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const test = require('ava');
const { Process, SharedArray, forkServer, setStartMethod } = require('../..');
const { guard } = require('../helpers/leaks');
const { descendants } = require('../helpers/processes');
const { until, warmUp } = require('../fixtures/process/watch');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'fork_server', 'kills_newborns.cjs');

guard(test, { warmUp });

test.serial('none leaves a zombie, and each process that was not killed runs once', async (t) => {
  const KILLS = 40;
  const ROUNDS_MAX = 200;
  const runs = new SharedArray('i32', ROUNDS_MAX);
  const killer = new Worker(FIXTURE);
  setStartMethod('forkserver', { force: true });
  let kills = 0;
  for (let round = 0; kills < KILLS && round < ROUNDS_MAX; round += 1) {
    if (!(await forkServer.ready())) setStartMethod('spawn', { force: true });
    setStartMethod('forkserver', { force: true });
    const said = once(killer, 'message');
    killer.postMessage('now');
    const child = new Process((runs, round) => Atomics.add(runs.view, round, 1), { args: [runs, round] }).start();
    const result = await child.result.catch(() => 'died');
    await child.join();
    if (result === 'died') t.is(child.signalCode, 'SIGKILL');
    t.true(runs.view[round] === 1 || (runs.view[round] === 0 && result === 'died'), `${result}: ${runs.view[round]}`);
    if ((await said)[0]) kills += 1;
  }
  await killer.terminate();
  setStartMethod('spawn', { force: true });
  await until(() => descendants(process.pid).length === 0, 'nothing is left, and no zombie');
  t.true(kills >= KILLS / 2, `${kills} kills`);
});
