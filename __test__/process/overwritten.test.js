'use strict';
// A child that has overwritten the memory of its channel: its parent tells of that or of its end, and goes on.

const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const CLOSED = 'ERR_MULTIPROC_CHANNEL_CLOSED';

for (const [kind, ending, expected] of [
  ['Process', 'dies', ['exit SIGKILL', `result ProcessDiedError ERR_MULTIPROC_PROCESS_DIED ${CLOSED} signal`]],
  ['Process', 'lives', [`result MultiprocError ${CLOSED}  `, 'exit SIGKILL']],
  ['Pool', 'dies', [`result WorkerDiedError ERR_MULTIPROC_WORKER_DIED ${CLOSED} signal`, 'then usable']],
  ['Pool', 'lives', [`result WorkerDiedError ERR_MULTIPROC_WORKER_DIED ${CLOSED} signal`, 'then usable']],
  ['fork', 'dies', ['exit SIGKILL']],
  ['fork', 'lives', [`error ${CLOSED}`, 'exit SIGKILL']],
]) {
  test.serial(`the child of ${kind} overwrites its channel and ${ending}`, async (t) => {
    const { code, stdout } = await run(path.join(__dirname, '../fixtures/process/scribbles.js'), [kind, ending]);
    t.deepEqual(stdout.split('\n').slice(0, -1), expected);
    t.is(code, 0);
  });
}
