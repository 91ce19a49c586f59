'use strict';
// Signals that are passed on, and Ctrl-C: the whole process group gets it, as from a terminal, and the parent decides.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const test = require('ava');
const { Barrier, Process, SharedArray, forwardSignals, spawn: ourSpawn, stopOnSignals } = require('../..');
const { guard } = require('../helpers/leaks');
const { isGone, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp, patience: 5000 });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'process', name);

/** Starts the program in a process group of its own, as a shell does. */
async function group(t, mode) {
  const leader = spawn(process.execPath, [fixture('ctrl_c.js'), mode], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const watchdog = setTimeout(() => process.kill(-leader.pid, 'SIGKILL'), 60_000);
  t.teardown(() => clearTimeout(watchdog));
  const lines = [];
  let rest = '';
  leader.stdout.setEncoding('utf8').on('data', (text) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    lines.push(...parts);
  });
  const ended = once(leader, 'close');
  const pids = JSON.parse(
    await until(() => lines.find((line) => line.startsWith('[')), 'all of it is up', { timeout: 60_000 }),
  );
  return { leader, lines, ended, pids, press: () => process.kill(-leader.pid, 'SIGINT') };
}

/** What was said beside the pids; the order is that of several processes. */
const said = (lines) => lines.filter((line) => !line.startsWith('[')).sort();

test.serial('the first Ctrl-C drains, and then the program ends by it', async (t) => {
  const { lines, ended, pids, press } = await group(t, 'orderly');
  press();
  const [code, signal] = await ended;
  t.deepEqual([code, signal], [null, 'SIGINT']);
  t.deepEqual(said(lines), ['drained at SIGINT', 'stopped by SIGINT', 'task done']);
  await until(() => pids.every(isGone), 'nobody is left');
});

test.serial('the second one terminates, without a trace of errors', async (t) => {
  const { leader, lines, ended, pids, press } = await group(t, 'stubborn');
  press();
  // The program's own task goes to its end; the process stays.
  await until(() => lines.includes('task done'), 'the pool is drained');
  t.is(leader.exitCode, null);
  t.false(isGone(pids[0]));
  press();
  await ended;
  t.deepEqual(said(lines), ['stopped by SIGINT', 'task done', 'worker SIGTERM']);
  t.is(leader.signalCode, 'SIGINT');
  await until(() => pids.every(isGone), 'nobody is left');
});

test.serial('the third one kills', async (t) => {
  const { leader, lines, ended, pids, press } = await group(t, 'deaf');
  press();
  await until(() => lines.includes('task done'), 'the pool is drained');
  press();
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.false(isGone(pids[0]), 'it heeds no SIGTERM');
  press();
  await ended;
  t.true(lines.includes('worker SIGKILL'), lines.join());
  t.is(leader.signalCode, 'SIGINT');
});

test.serial('signals are passed on to those that live, and the program goes on', async (t) => {
  const ready = new Barrier(2);
  const heard = new SharedArray('i32', 1);
  const listens = async (ready, heard) => {
    const signal = new Promise((resolve) => process.once('SIGUSR2', resolve));
    const timer = setInterval(() => {}, 1000);
    await ready.wait();
    await signal;
    heard.lock.runSync(() => {
      heard.view[0] += 1;
    });
    clearInterval(timer);
  };
  const one = new Process(listens, { args: [ready, heard] }).start();
  await ready.wait();
  const ended = new Process(() => 1).start();
  await ended.join();
  const unstarted = new Process(() => 1);
  const program = ourSpawn('sh', ['-c', 'trap "exit 5" USR2; echo up; while :; do sleep 0.01; done']);
  await once(program.stdout, 'data');
  const processes = [one, ended, unstarted];
  const forwarding = forwardSignals('SIGUSR2', processes);
  processes.push(program);
  const exit = once(program, 'exit');
  process.kill(process.pid, 'SIGUSR2');
  await one.join();
  t.deepEqual(await exit, [5, null]);
  t.is(heard.view[0], 1);
  forwarding.close();
  t.is(process.listenerCount('SIGUSR2'), 0);
});

test.serial('stopOnSignals may leave the program alive', async (t) => {
  const child = new Process(() => new Promise((resolve) => setTimeout(resolve, 600_000)), { stdio: 'ignore' }).start();
  const { stopped } = stopOnSignals(['SIGUSR2'], child, { end: false, grace: 20 });
  process.kill(process.pid, 'SIGUSR2');
  t.is(await stopped, 'SIGUSR2');
  t.is(child.signalCode, 'SIGTERM');
  t.is(process.listenerCount('SIGUSR2'), 0);
});

test('what is no signal and no process is refused', (t) => {
  for (const call of [forwardSignals, stopOnSignals]) {
    t.throws(() => call('SIGNOTHING', []), { code: 'ERR_INVALID_ARG_VALUE' });
    t.throws(() => call(['SIGTERM', 'SIGKILL'], []), { code: 'ERR_INVALID_ARG_VALUE', message: /"signals\[1\]" must/ });
    t.throws(() => call(['SIGTERM', 5], []), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /"signals\[1\]".* 5 \(number\)$/,
    });
    t.throws(() => call([], []), { code: 'ERR_INVALID_ARG_TYPE' });
    t.throws(() => call(15, []), { code: 'ERR_INVALID_ARG_TYPE' });
    t.throws(() => call('SIGTERM', [{}]), { code: 'ERR_INVALID_ARG_TYPE', message: /\[0\]/ });
    t.throws(() => call('SIGTERM', [null]), { code: 'ERR_INVALID_ARG_TYPE' });
  }
  t.throws(() => stopOnSignals('SIGTERM', [], { grace: -1 }), { code: 'ERR_OUT_OF_RANGE' });
  t.throws(() => stopOnSignals('SIGTERM', [], { end: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
  t.is(process.listenerCount('SIGTERM'), 0);
  const child = new Process(() => 1);
  t.throws(() => child.signal('SIGTERM'), { code: 'ERR_MULTIPROC_NOT_STARTED' });
});
