'use strict';
// Sockets and servers beside the messages of fork: the same program and the same parent under node:child_process and under
// this package, with both serialisations, and equal observations.

const childProcess = require('node:child_process');
const path = require('node:path');
const test = require('ava');
const multiproc = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');
const TABLE = { ...require('./handle_behaviours'), ...require('./bound_behaviours') };

guard(test, { warmUp });

const RUNS_ARGUMENT = path.join(__dirname, '..', 'fixtures', 'fork', 'runs_argument.js');

async function observe(fork, { program, drive }, serialization) {
  const child = fork(RUNS_ARGUMENT, [String(program)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization,
  });
  const seen = [];
  child.on('message', (message) => seen.push(message));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const watchdog = setTimeout(() => child.kill('SIGKILL'), 30_000);
  let late;
  const tooLate = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error('the parent did not come to its end')), 30_000);
  });
  try {
    return await Promise.race([drive({ child, seen }), tooLate]);
  } finally {
    clearTimeout(late);
    clearTimeout(watchdog);
    if (child.connected) child.disconnect();
    child.kill('SIGKILL');
    await ended;
  }
}

for (const [name, behaviour] of Object.entries(TABLE)) {
  for (const serialization of ['json', 'advanced']) {
    test.serial(`${serialization}: ${name}`, async (t) => {
      t.context.isJson = serialization === 'json';
      const ours = await observe(multiproc.fork, behaviour, serialization);
      const { expect } = behaviour;
      if (typeof expect === 'function') expect(t, ours);
      else if (typeof expect === 'object' && !Array.isArray(expect)) t.like(ours, expect);
      else t.deepEqual(ours, expect);
      t.deepEqual(ours, await observe(childProcess.fork, behaviour, serialization));
    });
  }
}
