'use strict';

const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const test = require('ava');
const { processEntry } = require('./processes.js');
const { run, runProgram, WatchdogError } = require('./run.js');

const fixture = (name) => path.join(__dirname, 'fixtures', name);

// A killed orphan stays a zombie until init gets to it.
async function isGone(pid) {
  for (let attempt = 0; attempt < 250; attempt++) {
    const entry = processEntry(pid);
    if (entry === null || entry.state === 'Z') return true;
    await delay(20);
  }
  return false;
}

test('output, status, arguments, environment and input reach both sides', async (t) => {
  const result = await run(fixture('echo.js'), ['one', 'two'], { env: { ECHO_THIS: 'three' }, input: 'four' });
  t.deepEqual(result, { stdout: 'one two three\n', stderr: 'four\n', code: 3, signal: null });
});

test('a program that kills itself is told by its signal', async (t) => {
  const result = await runProgram(process.execPath, ['-e', 'process.kill(process.pid, "SIGKILL")']);
  t.is(result.signal, 'SIGKILL');
  t.is(result.code, null);
});

test('a program that never ends is killed with its children and rejects with what it printed', async (t) => {
  const error = await t.throwsAsync(run(fixture('never_ends.js'), [], { timeout: 1500 }), {
    instanceOf: WatchdogError,
    message: /did not end within 1500 ms/,
  });
  const pids = JSON.parse(error.stdout);
  t.is(pids.length, 2);
  for (const pid of pids) t.true(await isGone(pid), `process ${pid}`);
});

test('a program that does not exist rejects with the error of the system', async (t) => {
  await t.throwsAsync(runProgram('/nowhere/program', []), { code: 'ENOENT' });
});
