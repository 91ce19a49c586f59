'use strict';
// Sockets and servers that go with the messages of fork: everything that is observed of them, on this Node.js as with its
// own fork.

const assert = require('node:assert');
const childProcess = require('node:child_process');
const { fork } = require('multiproc');
const BEHAVIOURS = {
  ...require('../child_process/handle_behaviours'),
  ...require('../child_process/bound_behaviours'),
};

const PROGRAM = require.resolve('../fixtures/fork/runs_argument.js');

async function observe(start, { program, drive }, serialization) {
  const child = start(PROGRAM, [String(program)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization });
  const seen = [];
  child.on('message', (message) => seen.push(message));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    return await drive({ child, seen });
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function main() {
  for (const [name, behaviour] of Object.entries(BEHAVIOURS)) {
    for (const serialization of ['json', 'advanced']) {
      const ours = await observe(fork, behaviour, serialization);
      assert.deepStrictEqual(ours, await observe(childProcess.fork, behaviour, serialization), name);
    }
  }
  console.log('ok');
}

main();
