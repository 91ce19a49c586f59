'use strict';
// The fork server dies, is stopped, loses its parent: nothing is lost, and nothing runs twice.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const test = require('ava');
const { Event, Process, SharedArray, SharedValue, forkServer, setStartMethod } = require('../..');
const { guard } = require('../helpers/leaks');
const { descendants, processEntry } = require('../helpers/processes');
const { isGone, isReaped, until, warmUp } = require('../fixtures/process/watch');

const ready = async () => {
  if (!(await forkServer.ready())) throw new Error(`no fork server: ${forkServer.reason}`);
};

guard(test, {
  warmUp: async () => {
    await warmUp();
    setStartMethod('forkserver');
    await ready();
  },
});

test.serial(
  'CPython 12 (test_forkserver_sigkill): a process is started all the same, and one started before finishes',
  async (t) => {
    const event = new Event();
    const earlier = new Process((event) => event.waitSync() && 'finished', { args: [event] }).start();
    t.is(earlier.startMethod, 'forkserver');
    const { pid } = forkServer;
    process.kill(pid, 'SIGKILL');
    const next = new Process(() => 'works').start();
    t.is(await next.result, 'works');
    t.is(next.startMethod, 'spawn');
    event.set();
    t.is(await earlier.result, 'finished');
    await Promise.all([earlier.join(), next.join()]);
    t.deepEqual([earlier.exitCode, next.exitCode], [0, 0]);
    await ready();
    t.not(forkServer.pid, pid);
    t.true(isReaped(pid));
    const last = new Process(() => 'forked').start();
    t.is(last.startMethod, 'forkserver');
    t.is(await last.result, 'forked');
    await last.join();
  },
);

/** Kills the child by which a server shows that it works. @returns whether that was in time */
async function killFirstChild() {
  const isReady = forkServer.ready();
  while (forkServer.state === 'starting') await new Promise(setImmediate);
  for (const { pid, state } of descendants(process.pid)) {
    if (pid !== forkServer.pid && state !== 'Z') process.kill(pid, 'SIGKILL');
  }
  return !(await isReady);
}

test.serial('a first child that somebody kills is no proof that there can be none; three in a row are', async (t) => {
  t.teardown(() => setStartMethod('forkserver', { force: true, preload: ['node:zlib'] }));
  const killInARow = async (count) => {
    for (let killed = 0; killed < count; ) {
      if (killed === 0) forkServer.stop();
      killed = (await killFirstChild()) ? killed + 1 : 0;
    }
  };
  await killInARow(1);
  t.deepEqual([forkServer.state, forkServer.reason], ['off', null]);
  await ready();
  await killInARow(3);
  t.is(forkServer.state, 'refused');
  t.regex(forkServer.reason, /a first child of it ended with SIGKILL/);
});

for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1']) {
  test.serial(`CPython 12 (test_forkserver_sigint): it lives on after ${signal}`, async (t) => {
    await ready();
    const { pid } = forkServer;
    process.kill(pid, signal);
    const child = new Process(() => 'works').start();
    t.is(child.startMethod, 'forkserver');
    t.is(await child.result, 'works');
    t.is(forkServer.pid, pid);
    await child.join();
  });
}

test.serial('a server that is stopped is given up after a while, and killed', async (t) => {
  await ready();
  const { pid } = forkServer;
  process.kill(pid, 'SIGSTOP');
  await until(() => processEntry(pid).state === 'T', 'it is stopped');
  // The first one was made before.
  const children = [1, 2].map((n) => new Process((n) => n, { args: [n] }).start());
  t.is(children[1].startMethod, 'spawn');
  t.deepEqual(await Promise.all(children.map((child) => child.result)), [1, 2]);
  await Promise.all(children.map((child) => child.join()));
  await until(() => isReaped(pid), 'the server is gone');
});

/** The processes of the server: itself, and one that waits to be a child. */
const servers = () => descendants(process.pid).filter(({ command }) => command.includes('multiproc-fork-server'));

test.serial(
  'a newborn that is killed or stopped before it is needed is no child, and the next start works',
  async (t) => {
    for (const signal of ['SIGKILL', 'SIGSTOP']) {
      await ready();
      await new Process(() => {}).start().join();
      const waiting = () => servers().filter(({ pid, state }) => pid !== forkServer.pid && state === 'S');
      await until(() => waiting().length === 1, 'a newborn waits');
      const [{ pid }] = waiting();
      process.kill(pid, signal);
      const child = new Process(() => 'works').start();
      t.is(child.startMethod, 'spawn');
      t.is(await child.result, 'works');
      await child.join();
      t.true(isReaped(pid), signal);
    }
    await ready();
  },
);

test.serial('after its death the next server starts by itself', async (t) => {
  await ready();
  const { pid } = forkServer;
  process.kill(pid, 'SIGKILL');
  await until(() => isReaped(pid), 'the server is gone');
  t.is(forkServer.state, 'off');
  await new Process(() => {}).start().join();
  t.not(forkServer.state, 'off');
  await ready();
  t.is(forkServer.state, 'ready');
});

test.serial('killed at any time, each process runs once, or is seen to have died', async (t) => {
  const COUNT = 60;
  const runs = new SharedArray('i32', COUNT);
  let forked = 0;
  let kills = 0;
  for (let index = 0; index < COUNT; index += 1) {
    if (index % 3 === 0) await ready();
    const { pid } = forkServer;
    // A child of its own is killed some time into the next start, by a process that waits in microseconds.
    const killer =
      pid !== null && index % 3 === 0
        ? spawn('sh', ['-c', `sleep 0.00${index % 10}; kill -9 ${pid}`], { stdio: 'ignore' })
        : null;
    if (killer !== null) {
      kills += 1;
      await once(killer, 'spawn');
    }
    const child = new Process(
      (runs, index) => {
        Atomics.add(runs.view, index, 1);
        return index;
      },
      { args: [runs, index] },
    ).start();
    if (child.startMethod === 'forkserver') forked += 1;
    t.is(await child.result, index);
    await child.join();
    t.true(isReaped(child.pid));
    if (killer !== null && killer.exitCode === null) await once(killer, 'exit');
  }
  t.deepEqual([...runs.view], Array(COUNT).fill(1));
  t.true(forked > 0 && kills > 0, `${forked} forked, ${kills} kills`);
});

test.serial('a child that is killed while it begins is a child that was killed', async (t) => {
  for (let round = 0; round < 20; round += 1) {
    await ready();
    const began = new SharedValue('i32', 0);
    const child = new Process(
      (began) => {
        began.value = 1;
        for (;;);
      },
      { args: [began], stdio: 'ignore' },
    ).start();
    child.result.catch(() => {});
    if (round % 2 === 0) await until(() => began.value === 1, 'it runs');
    child.kill();
    t.like(await child.wait(), { exitCode: null, signalCode: 'SIGKILL' });
    t.true(isReaped(child.pid));
  }
  t.is(forkServer.state, 'ready');
});

for (const [how, signal] of [
  ['is killed', 'SIGKILL'],
  ['gets SIGTERM', 'SIGTERM'],
  ['ends', null],
]) {
  test.serial(`the parent ${how}: its forked children, which spin, and the server end`, async (t) => {
    const program = path.join(__dirname, '..', 'fixtures', 'fork_server', 'family.cjs');
    const parent = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const watchdog = setTimeout(() => parent.kill('SIGKILL'), 60_000);
    t.teardown(() => {
      clearTimeout(watchdog);
      parent.kill('SIGKILL');
    });
    const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
    const { methods, pids } = JSON.parse(line);
    t.deepEqual(methods, ['forkserver', 'forkserver', 'forkserver']);
    t.deepEqual(pids.filter(isGone), []);
    if (signal === null) parent.stdin.end();
    else parent.kill(signal);
    await once(parent, 'exit');
    await until(() => pids.every(isGone), 'all are gone');
    t.pass();
  });
}

test.serial('stop() ends it, and what it has started goes on', async (t) => {
  await ready();
  const event = new Event();
  const child = new Process((event) => event.waitSync() && 'finished', { args: [event] }).start();
  t.is(child.startMethod, 'forkserver');
  const { pid } = forkServer;
  forkServer.stop();
  t.is(forkServer.state, 'off');
  t.is(forkServer.pid, null);
  await until(() => isReaped(pid) && servers().length === 0, 'the server is gone, and its newborn');
  event.set();
  t.is(await child.result, 'finished');
  await child.join();
});
