'use strict';
// What is no deadlock: somebody is slow, is stopped, or waits for something that is in nobody's hands. Nobody is told of
// one, and all get what they wait for.

const childProcess = require('node:child_process');
const dgram = require('node:dgram');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { Worker } = require('node:worker_threads');
const test = require('ava');
const multiproc = require('../..');
const { BOUND, asleep, delay, ready, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

const { BoundedSemaphore, Barrier, Condition, Event, Latch, Lock, Process, Semaphore, fork } = multiproc;
const HOPEFUL = path.join(__dirname, '..', 'fixtures', 'sync', 'hopeful.js');
const FILE = require.resolve('../fixtures/sync/deadlocks');
/** By then a deadlock would have been told of, had anybody taken it for one. */
const LONG_MS = 400;

guard(test, { warmUp });

let count = 0;

function start(t, target, ...args) {
  const child = new Process(target, { args }).start();
  child.result.catch(() => {});
  t.teardown(async () => {
    if (child.isAlive()) child.kill();
    await child.join();
  });
  return child;
}

/** A pipe in the file system, or a name for a socket. */
function scratch(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-test-'));
  t.teardown(() => fs.rmSync(directory, { recursive: true, force: true }));
  return path.join(directory, 'there');
}

function launch(t, starts, ...args) {
  const options = { stdio: ['ignore', 'pipe', 'inherit'] };
  const program =
    starts === 'spawn'
      ? childProcess.spawn(process.execPath, [HOPEFUL, ...args], options)
      : starts(HOPEFUL, args, { ...options, stdio: [...options.stdio, 'ipc'] });
  t.teardown(() => program.kill('SIGKILL'));
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  return { program, line: async () => (await lines.next()).value };
}

/**
 * The program holds a and waits for b; a process of ours holds b and waits for a, in one of both ways. `happens` is
 * what lets the program release a.
 */
async function none(t, { how, starts = 'spawn', argument = '', happens }) {
  // New ones each time: what was once released by a stranger is in no circle any more.
  count += 1;
  const locks = `hopeful ${count}`;
  const holder = await ready(
    t,
    async (isReady, blocks, first, second, mayGo) => {
      const { acquires, acquiresBlocking } = require('./deadlocks');
      await first.acquire();
      isReady.release();
      await mayGo.acquire();
      const result = blocks ? acquiresBlocking(second) : await acquires(second);
      first.release();
      return result;
    },
    how.length % 2 === 0,
    new Lock({ name: `${locks} b` }),
    new Lock({ name: `${locks} a` }),
    new Semaphore(0, { name: 'may go' }),
  );
  const mayGo = new Semaphore(0, { name: 'may go' });
  const { program, line } = launch(t, starts, how, locks, argument);
  const ended = once(program, 'exit');
  let more;
  for (let said = await line(); said !== 'waits'; said = await line()) more = said;
  mayGo.release();
  await asleep(holder.pid);
  if (happens !== undefined) {
    await delay(LONG_MS);
    await happens(program, more);
  }
  t.is(await line(), 'ended in good order');
  await ended;
  const { told, begun, ended: at } = await holder.result;
  t.is(told, null);
  t.log(`the holder of the other lock waited ${(at - begun).toFixed(0)} ms`);
  await holder.join();
}

const ALONE = ['timer', 'unrefTimer', 'worker', 'unrefWorker', 'unrefPort', 'busyWorker', 'wasm'];
ALONE.push('child', 'unrefChild', 'unrefNodesChild', 'pool', 'timeout');
for (const how of ALONE) {
  test.serial(`not while another flow of the thread waits for: ${how}`, (t) => none(t, { how }));
}

for (const how of ['server', 'unrefServer']) {
  test.serial(`not while another flow of the thread waits for: ${how}`, async (t) => {
    const argument = scratch(t);
    await none(t, {
      how,
      argument,
      happens: () =>
        once(
          net.connect(argument).on('error', () => {}),
          'connect',
        ),
    });
  });
}

test.serial('not while another flow of the thread waits for: unrefSocket', async (t) => {
  const argument = scratch(t);
  const server = net.createServer().listen(argument);
  const connected = once(server, 'connection');
  await none(t, {
    how: 'unrefSocket',
    argument,
    happens: async () => {
      const [socket] = await connected;
      socket.on('error', () => {}).write('x');
    },
  });
  server.close();
});

test.serial('not while another flow of the thread waits for: unrefDatagrams', async (t) => {
  const socket = dgram.createSocket('udp4');
  await none(t, {
    how: 'unrefDatagrams',
    happens: (_program, said) => socket.send('x', Number(said.slice('port '.length)), '127.0.0.1'),
  });
  socket.close();
});

for (const [whose, starts] of [
  ['ours', fork],
  ["Node.js's", childProcess.fork],
]) {
  for (const how of ['ipc', 'unrefIpc']) {
    test.serial(`not while another flow of the thread waits for: ${how}, ${whose}`, (t) =>
      none(t, { how, starts, happens: (program) => program.send('now') }),
    );
  }
}

for (const how of ['signal', 'abort']) {
  test.serial(`not while another flow of the thread waits for: ${how}`, (t) =>
    none(t, { how, happens: (program) => program.kill('SIGUSR2') }),
  );
}

for (const how of ['unrefWatch', 'unrefStatWatch']) {
  test.serial(`not while another flow of the thread waits for: ${how}`, async (t) => {
    const argument = scratch(t);
    fs.writeFileSync(argument, '');
    await none(t, { how, argument, happens: () => fs.writeFileSync(argument, 'more') });
  });
}

test.serial('not while another flow of the thread waits for: read', async (t) => {
  const argument = scratch(t);
  childProcess.execFileSync('mkfifo', [argument]);
  await none(t, { how: 'read', argument, happens: () => fs.writeFileSync(argument, 'x') });
});

const LINKS = {
  semaphore: [() => new Semaphore(0, { name: 'link' }), (link) => link.release()],
  boundedSemaphore: [
    () => {
      const link = new BoundedSemaphore(1, { name: 'link' });
      link.acquireSync();
      return link;
    },
    (link) => link.release(),
  ],
  event: [() => new Event({ name: 'link' }), (link) => link.set()],
  latch: [() => new Latch(1, { name: 'link' }), (link) => link.countDown()],
  barrier: [() => new Barrier(2, { name: 'link' }), (link) => link.wait()],
  condition: [() => new Condition(undefined, { name: 'link' }), (link) => link.run(() => link.notify())],
};
for (const [how, [make, opens]] of Object.entries(LINKS)) {
  test.serial(`not while another flow of the thread waits for a ${how}, which is in nobody's hands`, async (t) => {
    const link = make();
    await none(t, { how, happens: () => opens(link) });
    link.close();
  });
}

test.serial('not while the owner computes, blocks in a system call or in Atomics.wait, or is stopped', async (t) => {
  for (const slow of ['computes', 'blocks', 'waits', 'is stopped']) {
    const [mine, other] = [new Lock(), new Lock()];
    const owner = await ready(
      t,
      (isReady, how, ms, held) => {
        held.acquireSync();
        isReady.release();
        if (how === 'computes') for (const end = Date.now() + ms; Date.now() < end; );
        else if (how === 'blocks') require('node:child_process').execSync(`sleep ${ms / 1000}`);
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
        held.release();
      },
      slow,
      2 * LONG_MS,
      other,
    );
    const waiters = [
      start(t, { module: FILE, export: 'opposite' }, mine, other, { meeting: new Barrier(1), blocks: true }),
      start(t, { module: FILE, export: 'acquires' }, mine),
    ];
    if (slow === 'is stopped') {
      owner.signal('SIGSTOP');
      await delay(3 * LONG_MS);
      owner.signal('SIGCONT');
    }
    for (const { result } of waiters) t.is((await result).told, null, slow);
    await owner.result;
  }
});

test.serial('not when the lock was ever released by another than its holder: it may be again', async (t) => {
  const [mine, other] = [new Lock(), new Lock()];
  const stranger = async (lock) => lock.release();
  other.acquireSync();
  await start(t, stranger, other).result;
  // Now as a signal between processes: taken twice, released from elsewhere.
  t.true(other.acquireSync());
  const later = start(
    t,
    async (lock, ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      lock.release();
    },
    other,
    LONG_MS,
  );
  t.true(other.acquireSync(), 'and not told at once');
  await later.result;
  other.release();
  const meeting = new Barrier(3);
  const first = start(t, { module: FILE, export: 'opposite' }, mine, other, { meeting, blocks: true });
  const second = start(
    t,
    async (theirs, held, meets) => {
      const { acquires } = require('../fixtures/sync/deadlocks');
      await held.acquire();
      await meets.wait();
      return acquires(theirs);
    },
    mine,
    other,
    meeting,
  );
  await meeting.wait();
  await delay(LONG_MS);
  other.release();
  for (const child of [first, second]) t.is((await child.result).told, null);
});

test.serial('not in a worker thread that listens to its parent, though its port keeps nothing alive', async (t) => {
  const code = `
    const { parentPort } = require('node:worker_threads');
    const { Lock } = require(${JSON.stringify(require.resolve('../..'))});
    const lock = new Lock();
    parentPort.on('message', () => lock.release());
    parentPort.unref();
    lock.acquireSync();
    parentPort.postMessage('waits');
    lock.acquire().then(() => parentPort.postMessage('acquired'), ({ code }) => parentPort.postMessage(code));`;
  const worker = new Worker(code, { eval: true });
  t.teardown(() => worker.terminate());
  const next = async () => (await once(worker, 'message', { signal: AbortSignal.timeout(BOUND) }))[0];
  t.is(await next(), 'waits');
  await delay(LONG_MS);
  worker.postMessage('now');
  t.is(await next(), 'acquired');
});
