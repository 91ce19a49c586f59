'use strict';
// Children end with their parent, however it ends and whatever they do.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const test = require('ava');
const { Process } = require('../..');
const { guard } = require('../helpers/leaks');
const { isGone, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp, patience: 5000 });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'process', name);

/** Starts a program that prints the pids of its children when they are at work. */
async function family(t, ...args) {
  const parent = spawn(process.execPath, [fixture('family.cjs'), ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const watchdog = setTimeout(() => parent.kill('SIGKILL'), 60_000);
  t.teardown(() => {
    clearTimeout(watchdog);
    parent.kill('SIGKILL');
  });
  let text = '';
  for await (const chunk of parent.stdout.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  const pids = JSON.parse(text);
  t.is(new Set(pids).size, 8, 'a Process, two workers and a forked program, each with a child');
  return { parent, pids };
}

async function allEnd(t, pids) {
  const began = Date.now();
  await until(() => pids.every(isGone), 'the children end with their parent', { timeout: 3000 }).catch(() => {});
  t.log(`${Date.now() - began} ms`);
  const kinds = ['Process', 'worker', 'worker', 'fork', 'of Process', 'of worker', 'of worker', 'of fork'];
  t.deepEqual(
    pids.flatMap((pid, index) => (isGone(pid) ? [] : [kinds[index]])),
    [],
    'still there after three seconds',
  );
  for (const pid of pids) if (!isGone(pid)) process.kill(pid, 'SIGKILL');
}

for (const activity of ['idles', 'spins']) {
  test.serial(`the parent is killed while its children ${activity.slice(0, -1)}`, async (t) => {
    const { parent, pids } = await family(t, activity, 'stay');
    t.deepEqual(pids.filter(isGone), []);
    const ended = once(parent, 'exit');
    parent.kill('SIGKILL');
    await ended;
    await allEnd(t, pids);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    test.serial(`the parent gets ${signal} while its children ${activity.slice(0, -1)}`, async (t) => {
      const { parent, pids } = await family(t, activity, 'stay');
      const ended = once(parent, 'exit');
      parent.kill(signal);
      t.deepEqual(await ended, [null, signal]);
      await allEnd(t, pids);
    });
  }

  for (const [ending, code] of [
    ['exit', 0],
    ['throw', 1],
    ['reject', 1],
  ]) {
    test.serial(`the parent ends by ${ending} while its children ${activity.slice(0, -1)}`, async (t) => {
      const { parent, pids } = await family(t, activity, ending);
      if (parent.exitCode === null) await once(parent, 'exit');
      t.is(parent.exitCode, code);
      await allEnd(t, pids);
    });
  }
}

test.serial('the parent ends by itself when its children have ended', async (t) => {
  const { parent, pids } = await family(t, 'idles', 'return');
  if (parent.exitCode === null) await once(parent, 'exit');
  t.is(parent.exitCode, 0);
  t.deepEqual(
    pids.filter((pid) => !isGone(pid)),
    [],
  );
});

test.serial('the children of a child that is killed end as well', async (t) => {
  const child = new Process(
    async () => {
      const { Process, SharedValue } = require('multiproc');
      const up = new SharedValue('i32');
      const spins = (up) => {
        up.value = process.pid;
        for (;;);
      };
      const grandchild = new Process(spins, { args: [up] }).start();
      const { setTimeout: delay } = require('node:timers/promises');
      while (up.value === 0) await delay(5);
      return grandchild.pid;
    },
    { stdio: 'ignore' },
  );
  child.start();
  const grandchild = await child.result;
  t.false(isGone(grandchild));
  child.kill();
  await child.join();
  await until(() => isGone(grandchild), 'the grandchild ends', { timeout: 2000 });
});

for (const [name, options] of [
  ['a detached process outlives its parent', { detached: true }],
  ['a process that may be an orphan outlives its parent', { orphan: 'allow' }],
]) {
  test.serial(name, async (t) => {
    const child = new Process(
      async (options) => {
        const { Process, SharedValue } = require('multiproc');
        const up = new SharedValue('i32');
        const waits = (up) => {
          up.value = process.pid;
          return new Promise((resolve) => setTimeout(resolve, 60_000));
        };
        new Process(waits, { args: [up], ...options, stdio: 'ignore' }).start();
        const { setTimeout: delay } = require('node:timers/promises');
        while (up.value === 0) await delay(5);
        return up.value;
      },
      { args: [options], stdio: 'ignore' },
    );
    child.start();
    const grandchild = await child.result;
    child.kill();
    await child.join();
    // As long as the others are given to end.
    await t.throwsAsync(until(() => isGone(grandchild), 'it ends', { timeout: 1000 }));
    process.kill(grandchild, 'SIGKILL');
    await until(() => isGone(grandchild), 'it ends');
  });
}

test.serial('a forked program that may be an orphan outlives its parent, by either name', async (t) => {
  const child = new Process(
    async () => {
      const { fork, SharedArray } = require('multiproc');
      const pids = new SharedArray('i32', 8);
      const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
      for (const [index, options] of [{ orphan: 'allow' }, { killOnParentExit: false }].entries()) {
        fork('__test__/fixtures/process/family_program.cjs', { ...options, stdio }).send([pids, index, false]);
      }
      while (pids.view[0] === 0 || pids.view[1] === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      return [...pids.view];
    },
    { stdio: 'ignore', cwd: path.join(__dirname, '..', '..') },
  ).start();
  const pids = (await child.result).filter((pid) => pid !== 0);
  t.is(pids.length, 4);
  child.kill();
  await child.join();
  await t.throwsAsync(until(() => pids.some(isGone), 'one ends', { timeout: 1500 }));
  for (const pid of pids.slice(0, 2)) process.kill(pid, 'SIGKILL');
  await until(() => pids.every(isGone), 'they end, and their children with them');
});
