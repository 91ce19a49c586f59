'use strict';
// `child.exitReason`, and the same on the error of `child.result`.

const { once } = require('node:events');
const path = require('node:path');
const test = require('ava');
const { exec, execFile, fork, spawn, supervise } = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const GROWS = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(16 << 20, 1)), 10)';
const SPINS = ['-c', 'while :; do :; done'];
const quiet = { stdio: 'ignore' };

/** The reason as it is told in 'exit', and by the result. */
async function told(t, child, reason) {
  t.is(child.exitReason, null, 'while it runs');
  const seen = new Promise((resolve) => child.once('exit', () => resolve(child.exitReason)));
  const error = await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_COMMAND_FAILED' });
  t.deepEqual([await seen, child.exitReason, error.exitReason], [reason, reason, reason]);
  return error;
}

test.serial('a child above its maxRss', async (t) => {
  const args = [process.execPath, ['-e', GROWS]];
  for (const start of [
    () => spawn(...args, { ...quiet, maxRss: 200 << 20 }),
    () => execFile(...args, { maxRss: 200 << 20 }),
  ]) {
    const { message, signalCode } = await told(t, start(), 'max-rss');
    t.is(signalCode, 'SIGKILL');
    t.regex(message, / exceeded its maxRss and was killed$/);
  }
});

test.serial('a child that used up its cpuTime', async (t) => {
  const { message, signalCode } = await told(t, spawn('sh', SPINS, { ...quiet, cpuTime: 1000 }), 'cpu-time');
  t.is(signalCode, 'SIGXCPU');
  t.regex(message, / used up its cpuTime and was ended$/);
});

test.serial('that signal without that option is a signal', async (t) => {
  const child = spawn('sleep', ['1000'], quiet);
  child.kill('SIGXCPU');
  await told(t, child, 'signal');
});

test.serial('a forked program whose heap is full', async (t) => {
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
  const execArgv = ['--max-old-space-size=24'];
  const child = fork(path.join(__dirname, 'fixtures', 'fills_heap.js'), { stdio, execArgv });
  t.regex((await told(t, child, 'heap-oom')).message, / ran out of heap and was aborted$/);
});

test.serial('a forked program sees none of that in its environment', async (t) => {
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
  const child = fork(path.join(__dirname, 'fixtures', 'sends_environment.js'), { stdio });
  const [names] = await once(child, 'message');
  t.deepEqual(names, []);
  child.disconnect();
  await once(child, 'exit');
});

test.serial('a time limit of Node’s own options', async (t) => {
  t.true((await told(t, spawn('sleep', ['1000'], { ...quiet, timeout: 20 }), 'timeout')).timedOut);
  t.true((await told(t, exec('exec sleep 1000', { timeout: 20 }), 'timeout')).timedOut);
});

test.serial('exit codes, signals, aborts, and what could not be started', async (t) => {
  const ok = spawn('true');
  await ok.result;
  t.is(ok.exitReason, 'ok');
  await told(t, spawn('false'), 'code');
  const killed = spawn('sleep', ['1000'], quiet);
  killed.kill('SIGKILL');
  await told(t, killed, 'signal');
  const controller = new AbortController();
  const aborted = spawn('sleep', ['1000'], { ...quiet, signal: controller.signal });
  const canceled = told(t, aborted, 'signal');
  controller.abort();
  t.true((await canceled).isCanceled);
  t.is((await t.throwsAsync(spawn('/is/not/there').result)).exitReason, 'start-failed');
  const nowhere = spawn('/is/not/there');
  const [error] = await once(nowhere, 'error');
  t.deepEqual([error.code, nowhere.exitReason], ['ENOENT', 'start-failed']);
});

test('it is not among what is enumerated', (t) => {
  const child = spawn('true');
  t.false(Object.keys(child).includes('exitReason'));
  return once(child, 'exit').then(() => t.pass());
});

test.serial('a supervisor tells it', async (t) => {
  const supervisor = supervise(() => spawn('sleep', ['1000'], { ...quiet, timeout: 20 }), { maxRestarts: 0 });
  const ended = once(supervisor, 'exit');
  t.is((await ended)[0].exitReason, 'timeout');
  await supervisor.ended;
});
