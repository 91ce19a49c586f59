'use strict';
// start, join, terminate, kill, abort, daemon, names, streams.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { Barrier, Process, activeChildren } = require('../..');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { isReaped, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

/** A started process that has passed `ready` and then waits for what `act` does. */
async function started(target, options = {}) {
  const ready = new Barrier(2);
  const child = new Process(target, { args: [ready], stdio: 'ignore', ...options });
  child.start();
  await ready.wait({ timeout: 30_000 });
  return child;
}

const waits = async (ready) => {
  await ready.wait();
  await new Promise((resolve) => setTimeout(resolve, 600_000));
};
const spins = (ready) => {
  ready.waitSync();
  for (;;);
};
const ignoresTerm = async (ready) => {
  process.on('SIGTERM', () => {});
  await ready.wait();
  await new Promise((resolve) => setTimeout(resolve, 600_000));
};

test('before start everything says so', async (t) => {
  const child = new Process(() => 1);
  const notStarted = { code: 'ERR_MULTIPROC_NOT_STARTED', message: /start\(\)/ };
  await t.throwsAsync(child.join(), notStarted);
  await t.throwsAsync(child.join({ timeout: 0 }), notStarted);
  await t.throwsAsync(child.terminate(), notStarted);
  t.throws(() => child.kill(), notStarted);
  t.throws(() => child.signal('SIGTERM'), notStarted);
  t.deepEqual([child.pid, child.exitCode, child.signalCode, child.isAlive()], [null, null, null, false]);
  t.false(activeChildren().includes(child));
});

test('a process is started once, also after it has ended', async (t) => {
  const child = new Process(() => 1);
  child.start();
  const { pid } = child;
  t.throws(() => child.start(), { code: 'ERR_MULTIPROC_ALREADY_STARTED' });
  await child.join();
  t.throws(() => child.start(), { code: 'ERR_MULTIPROC_ALREADY_STARTED' });
  t.is(child.pid, pid);
  t.is(await child.result, 1);
});

test('join with a limit says whether the process has ended', async (t) => {
  const child = await started(waits);
  for (const timeout of [0, -1, -Infinity]) t.false(await child.join({ timeout }));
  const begin = process.hrtime.bigint();
  t.false(await child.join({ timeout: 20 }));
  t.true(process.hrtime.bigint() - begin >= 19_000_000n);
  t.true(child.isAlive());
  child.kill();
  t.true(await child.join({ timeout: 30_000 }));
  for (const timeout of [0, -1, 20, Infinity, undefined]) t.true(await child.join({ timeout }));
  t.true(await child.join());
});

test('join refuses a limit that is no number', async (t) => {
  const child = new Process(() => 1);
  child.start();
  await t.throwsAsync(child.join({ timeout: '20' }), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' });
  await t.throwsAsync(child.join({ timeout: NaN }), { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' });
  await t.throwsAsync(child.join(20), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' });
  await t.throwsAsync(child.terminate({ grace: -1 }), { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' });
  await t.throwsAsync(child.terminate({ grace: '1' }), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' });
  await child.join();
});

test('kill sends SIGKILL, and has nothing to do when the process has ended', async (t) => {
  const child = await started(spins);
  t.true(child.kill());
  await child.join();
  t.is(child.signalCode, 'SIGKILL');
  t.true(isReaped(child.pid));
  t.false(child.kill());
  t.false(child.signal('SIGTERM'));
  await child.terminate();
});

test('signal sends any signal, which the program may handle', async (t) => {
  const child = await started(async (ready) => {
    const heard = new Promise((resolve) => process.once('SIGUSR2', resolve));
    const timer = setInterval(() => {}, 1000);
    await ready.wait();
    const signal = await heard;
    clearInterval(timer);
    return signal;
  });
  t.true(child.signal('SIGUSR2'));
  t.is(await child.result, 'SIGUSR2');
  await child.join();
  t.is(child.exitCode, 0);
});

test('terminate ends a process by SIGTERM when that helps', async (t) => {
  const child = await started(waits);
  await child.terminate();
  t.is(child.signalCode, 'SIGTERM');
  t.true(isReaped(child.pid));
});

test('terminate lets the program end itself in its own way', async (t) => {
  const child = await started(async (ready) => {
    process.on('SIGTERM', () => process.exit(7));
    await ready.wait();
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  });
  await child.terminate();
  t.deepEqual([child.exitCode, child.signalCode], [7, null]);
});

test('terminate kills a process that ignores SIGTERM, after the grace and not before', async (t) => {
  const child = await started(ignoresTerm);
  const begin = process.hrtime.bigint();
  await child.terminate({ grace: 150 });
  t.true(process.hrtime.bigint() - begin >= 149_000_000n);
  t.is(child.signalCode, 'SIGKILL');
  t.true(isReaped(child.pid));
});

test('terminate without any grace, twice at once', async (t) => {
  const child = await started(ignoresTerm);
  await Promise.all([child.terminate({ grace: 0 }), child.terminate({ grace: 0 })]);
  t.is(child.signalCode, 'SIGKILL');
  await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_PROCESS_DIED' });
});

test('await using ends the process', async (t) => {
  const child = await started(waits);
  const { asyncDispose } = require('../../lib/dispose');
  await child[asyncDispose]();
  t.true(isReaped(child.pid));
  await child[asyncDispose]();
  await new Process(() => 1)[asyncDispose]();
});

test('an abort signal kills, and the result rejects when the process is gone', async (t) => {
  const controller = new AbortController();
  const child = await started(spins, { signal: controller.signal });
  const reason = new Error('no longer wanted');
  controller.abort(reason);
  const error = await t.throwsAsync(child.result, { name: 'AbortError', code: 'ABORT_ERR' });
  t.is(error.cause, reason);
  t.true(isReaped(child.pid));
  await child.join();
  t.is(child.signalCode, 'SIGKILL');
});

test('an abort signal that was given before start starts nothing', (t) => {
  const child = new Process(() => 1, { signal: AbortSignal.abort('early') });
  const error = t.throws(() => child.start(), { name: 'AbortError', code: 'ABORT_ERR' });
  t.is(error.cause, 'early');
  t.is(child.pid, null);
});

test('an abort after the end changes nothing', async (t) => {
  const controller = new AbortController();
  const child = new Process(() => 1, { signal: controller.signal });
  child.start();
  await child.join();
  controller.abort();
  t.is(await child.result, 1);
  t.deepEqual([child.exitCode, child.signalCode], [0, null]);
});

test('the name is the one given or counts up, and the system shows it', async (t) => {
  const child = await started(waits, { name: 'indexer of things' });
  t.is(child.name, 'indexer of things');
  const command = fs.readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  t.is(command, 'indexer of things');
  child.kill();
  await child.join();
  const [one, other] = [new Process(() => 1), new Process(() => 1)].map(({ name }) => name);
  t.regex(one, /^Process-\d+$/);
  t.is(Number(other.split('-')[1]), Number(one.split('-')[1]) + 1);
});

test('activeChildren lists those that run, in the order of their start', async (t) => {
  const mine = [await started(waits), await started(waits)];
  const listed = () => activeChildren().filter((child) => mine.includes(child));
  t.deepEqual(listed(), mine);
  mine[0].kill();
  await mine[0].join();
  t.deepEqual(listed(), [mine[1]]);
  mine[1].kill();
  await mine[1].join();
  t.deepEqual(listed(), []);
});

test('a working directory that is not there: the result says that nothing could be started', async (t) => {
  const child = new Process(() => 1, { cwd: path.join(os.tmpdir(), 'is', 'not', 'there') });
  const exits = [];
  child.on('exit', (...status) => exits.push(status));
  child.start();
  const error = await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_PROCESS_DIED' });
  t.is(error.exitReason, 'start-failed');
  t.is(error.cause.code, 'ENOENT');
  t.true(await child.join());
  t.false(child.isAlive());
  t.is(child.pid, null);
  t.false(activeChildren().includes(child));
  t.false(child.kill());
  await child.terminate();
  t.deepEqual(exits, []);
});

test('the working directory is the one given', async (t) => {
  const child = new Process(() => process.cwd(), { cwd: os.tmpdir() });
  child.start();
  t.is(await child.result, fs.realpathSync(os.tmpdir()));
  await child.join();
});

test('what a child prints is read from its streams, to the end', async (t) => {
  const child = new Process(
    async () => {
      let text = '';
      for await (const chunk of process.stdin) text += chunk;
      process.stdout.write(text.toUpperCase().repeat(20_000));
      console.error('to stderr');
    },
    { stdio: 'pipe' },
  );
  t.is(child.stdout, null);
  child.start();
  child.stdin.end('some input ');
  const read = async (stream) => Buffer.concat(await stream.toArray()).toString();
  const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr)]);
  t.true(stdout === 'SOME INPUT '.repeat(20_000), `${stdout.length} characters`);
  t.is(stderr, 'to stderr\n');
  await child.result;
  await child.join();
});

test('an uncaught error is printed in the child', async (t) => {
  const child = new Process(
    () => {
      throw new Error('seen by whoever reads stderr');
    },
    { stdio: 'pipe' },
  );
  child.start();
  const stderr = Buffer.concat(await child.stderr.toArray()).toString();
  t.regex(stderr, /^Error: seen by whoever reads stderr\n\s+at /);
  await child.join();
});

test('a program waits for its processes, but not for its daemons, which end with it', async (t) => {
  const file = path.join(__dirname, '..', 'fixtures', 'process', 'waits_for.cjs');
  const waited = await run(file, ['plain']);
  // Two processes write to one pipe: either may be first.
  t.deepEqual([waited.code, waited.stdout.trim().split('\n').sort()], [0, ['child ends', 'started']]);
  for (const kind of ['daemon', 'daemon with pipes']) {
    const left = await run(file, [kind], { timeout: 20_000 });
    t.deepEqual([left.code, left.stdout], [0, 'started\n'], kind);
  }
});

test('a program that waits for the end of a daemon stays alive for it', async (t) => {
  const file = path.join(__dirname, '..', 'fixtures', 'process', 'awaits_daemon.cjs');
  for (const how of ['join', 'wait', 'wait with others', 'sentinel', 'requestStop without an end']) {
    const { code, stdout } = await run(file, [how], { timeout: 20_000 });
    t.deepEqual([code, stdout], [0, 'waited false\n'], how);
  }
  // Who has waited in vain, or waits for the result alone, does not.
  const left = await run(file, ['nothing'], { timeout: 20_000 });
  t.deepEqual([left.code, left.stdout], [0, '']);
  const supervised = await run(file, ['supervised'], { timeout: 20_000 });
  t.deepEqual([supervised.code, supervised.stdout], [0, 'started\n']);
});
