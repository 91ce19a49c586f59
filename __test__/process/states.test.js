'use strict';
// new → started → exited → closed; the end seen without the event loop, through a sentinel, and of a zombie.

const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const { Barrier, Event, Process, activeChildren, fork, processState, spawn, wait } = require('../..');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { isReaped, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const sleeps = () => new Promise((resolve) => setTimeout(resolve, 600_000));
const spins = () => {
  for (;;);
};
const start = (target, options) => new Process(target, { stdio: 'ignore', ...options }).start();

test('a process goes through its states, and no method works after close', async (t) => {
  const child = new Process(() => 5);
  t.is(child.state, 'new');
  t.is(child.exitReason, null);
  child.start();
  t.is(child.state, 'started');
  t.throws(() => child.close(), { code: 'ERR_MULTIPROC_STILL_RUNNING', message: /join\(\)/ });
  await child.join();
  t.is(child.state, 'exited');
  t.is(child.exitReason, 'ok');
  child.close();
  child.close();
  t.is(child.state, 'closed');
  const closed = { code: 'ERR_MULTIPROC_CLOSED' };
  for (const method of ['start', 'joinSync', 'kill', 'interrupt', 'suspend', 'resume', 'usage', 'isAlive']) {
    t.throws(() => child[method](), closed, method);
  }
  t.throws(() => child.signal('SIGTERM'), closed);
  t.throws(() => child.sentinel, closed);
  for (const method of ['join', 'wait', 'terminate', 'requestStop'])
    await t.throwsAsync(child[method](), closed, method);
  // What it was stays to be read.
  t.deepEqual([child.exitCode, child.exitReason, await child.result], [0, 'ok', 5]);
});

test('a process that was never started can be closed', (t) => {
  const child = new Process(() => 5);
  child.close();
  t.throws(() => child.start(), { code: 'ERR_MULTIPROC_CLOSED' });
});

test('what needs a running process says so before start', async (t) => {
  const child = new Process(() => 5);
  const notStarted = { code: 'ERR_MULTIPROC_NOT_STARTED' };
  t.throws(() => child.sentinel, notStarted);
  t.throws(() => child.joinSync(0), notStarted);
  t.throws(() => child.usage(), notStarted);
  t.throws(() => child.suspend(), notStarted);
  await t.throwsAsync(child.requestStop(), notStarted);
  await t.throwsAsync(wait([child], { timeout: 0 }), notStarted);
});

test.serial('joinSync sees the end without the event loop, and settles everything', async (t) => {
  const child = start((a) => ({ twice: a * 2 }), { args: [21] });
  const exits = [];
  child.on('exit', (...status) => exits.push(status));
  t.true(child.joinSync());
  t.deepEqual([child.state, child.exitCode, child.signalCode, child.exitReason], ['exited', 0, null, 'ok']);
  t.true(isReaped(child.pid));
  t.false(child.isAlive());
  t.false(activeChildren().includes(child));
  t.deepEqual(exits, [], 'listeners do not run inside of the call');
  t.deepEqual(await child.result, { twice: 42 });
  await new Promise(setImmediate);
  t.deepEqual(exits, [[0, null]]);
  t.true(child.joinSync(0));
  t.true(await child.join());
  t.deepEqual(exits, [[0, null]], 'once');
});

test.serial('joinSync with a limit comes back in time and not before', (t) => {
  const child = start(sleeps);
  for (const timeout of [0, -1, -Infinity]) t.false(child.joinSync(timeout));
  const begin = process.hrtime.bigint();
  t.false(child.joinSync(30));
  t.true(process.hrtime.bigint() - begin >= 29_000_000n);
  t.throws(() => child.joinSync('1'), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => child.joinSync(NaN), { code: 'ERR_OUT_OF_RANGE' });
  child.kill();
  t.true(child.joinSync(30_000));
  t.is(child.signalCode, 'SIGKILL');
});

test.serial('joinSync of a process that could not be started comes back', async (t) => {
  const child = start(() => 1, { cwd: '/is/not/there' });
  t.true(child.joinSync());
  await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_PROCESS_DIED' });
  t.is(child.exitReason, 'start-failed');
  t.is(child.exitCode, null);
  t.is(child.state, 'exited');
});

test.serial('many processes joined in any order, by the loop and without it', async (t) => {
  const children = Array.from({ length: 8 }, (_, index) => start((index) => index, { args: [index] }));
  // Their ends are told by one turn of the loop; some are taken by hand in the midst of it.
  children[0].once('exit', () => t.true(children[7].joinSync()));
  t.true(children[5].joinSync());
  await Promise.all(children.map((child) => child.join()));
  t.deepEqual(await Promise.all(children.map(({ result }) => result)), [0, 1, 2, 3, 4, 5, 6, 7]);
  t.true(children.every(({ pid }) => isReaped(pid)));
});

test.serial('a worker thread that blocks in joinSync can be terminated', async (t) => {
  const { stdout, code } = await run(path.join(__dirname, '../fixtures/process/joins_in_thread.js'));
  t.is(stdout, 'joins\nterminated\n');
  t.is(code, 0);
});

test.serial('a sentinel is not ready while the process lives, and ready when it has ended', async (t) => {
  const go = new Event();
  const child = start((go) => go.waitSync(), { args: [go] });
  const { sentinel } = child;
  t.is(sentinel.pid, child.pid);
  t.false(sentinel.ready);
  t.deepEqual(await wait([sentinel], { timeout: 0 }), []);
  t.deepEqual(await wait([sentinel], { timeout: 20 }), []);
  go.set();
  t.deepEqual(await wait([sentinel, child]), [sentinel, child]);
  t.true(sentinel.ready);
  await child.join();
  t.deepEqual(await wait([sentinel]), [sentinel]);
});

test.serial('a sentinel is ready without the event loop', (t) => {
  const child = start(() => 1);
  const { sentinel } = child;
  const end = Date.now() + 60_000;
  while (!sentinel.ready && Date.now() < end);
  t.true(sentinel.ready);
  t.is(child.state, 'started', 'nobody has reaped it yet');
  t.true(child.joinSync(0));
});

test.serial('an unreaped process is a zombie until somebody joins it', async (t) => {
  const child = start(() => process.exit(42), { reap: 'manual' });
  const exits = [];
  child.on('exit', (...status) => exits.push(status));
  await wait([child.sentinel]);
  t.is(processState(child.pid).state, 'zombie');
  t.deepEqual([child.state, child.exitCode, child.isAlive()], ['started', null, false]);
  // The loop turns, and nobody reaps it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is(processState(child.pid).state, 'zombie');
  t.deepEqual(exits, []);
  t.deepEqual(await child.wait(), { exitCode: 42, signalCode: null, exitReason: 'code' });
  t.is(processState(child.pid).state, 'dead');
  await new Promise(setImmediate);
  t.deepEqual(exits, [[42, null]]);
  await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_PROCESS_DIED' });
});

test.serial('the result of a process that died does not wait until it is reaped', async (t) => {
  const exits = start(() => process.exit(7), { reap: 'manual' });
  const error = await t.throwsAsync(exits.result, { code: 'ERR_MULTIPROC_PROCESS_DIED' });
  t.like(error, { exitCode: 7, signalCode: null, exitReason: 'code' });
  t.is(processState(exits.pid).state, 'zombie');
  const killed = start(sleeps, { reap: 'manual' });
  killed.kill();
  t.like(await t.throwsAsync(killed.result), { exitCode: null, signalCode: 'SIGKILL', exitReason: 'signal' });
  const abort = new AbortController();
  const aborted = start(sleeps, { reap: 'manual', signal: abort.signal });
  abort.abort('enough');
  t.is((await t.throwsAsync(aborted.result, { name: 'AbortError' })).cause, 'enough');
  const late = start(sleeps, { reap: 'manual', timeout: 10 });
  t.is((await t.throwsAsync(late.result)).exitReason, 'timeout');
  for (const child of [exits, killed, aborted, late]) {
    t.is(child.exitCode, null);
    t.true(child.joinSync());
    t.true(isReaped(child.pid));
  }
  t.deepEqual([exits.exitCode, late.exitReason], [7, 'timeout']);
});

test.serial('joinSync and join(0) reap as well', async (t) => {
  const one = start(() => 1, { reap: 'manual' });
  t.true(one.joinSync());
  t.true(isReaped(one.pid));
  const other = start(() => 1, { reap: 'manual' });
  await wait([other]);
  t.true(await other.join({ timeout: 0 }));
  t.true(isReaped(other.pid));
  const late = start(sleeps, { reap: 'manual' });
  t.is(await late.wait({ timeout: 10 }), null);
  await late.terminate();
  t.is(processState(late.pid).state, 'zombie', 'terminate() reaps nothing that is to be reaped by hand');
  t.like(await late.wait(), { signalCode: 'SIGTERM' });
});

test.serial('a child of spawn is a zombie until wait()', async (t) => {
  const child = spawn('sh', ['-c', 'echo said; exit 42'], { reap: 'manual', stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await once(child.stdout, 'end');
  await until(() => processState(child.pid).state === 'zombie', 'it is a zombie');
  t.is(child.exitCode, null);
  const closed = once(child, 'close');
  t.deepEqual(await child.wait(), { exitCode: 42, signalCode: null });
  t.true(isReaped(child.pid));
  t.deepEqual(await closed, [42, null]);
  t.is(text, 'said\n');
  t.deepEqual(await child.wait(), { exitCode: 42, signalCode: null });
  t.is(spawn('true').wait, undefined);
  const none = spawn('/is/not/there', { reap: 'manual' });
  const failed = once(none, 'error');
  t.deepEqual(await none.wait(), { exitCode: null, signalCode: null });
  t.is((await failed)[0].code, 'ENOENT');
});

test.serial('a program with a zombie of its own ends, and leaves none', async (t) => {
  const { stdout, code } = await run(path.join(__dirname, '../fixtures/process/leaves_zombie.js'));
  t.is(code, 0);
  await until(
    () => !fs.existsSync(`/proc/${stdout.trim()}`) || processState(Number(stdout)).ppid !== process.pid,
    'gone',
  );
});

test('what reap and the limits may be is checked where they are given', (t) => {
  const value = { code: 'ERR_INVALID_ARG_VALUE' };
  const range = { code: 'ERR_OUT_OF_RANGE' };
  const type = { code: 'ERR_INVALID_ARG_TYPE' };
  for (const call of [(options) => new Process(() => 1, options), (options) => spawn('true', options)]) {
    t.throws(() => call({ reap: 'never' }), value);
    t.throws(() => call({ cpus: [] }), value);
    t.throws(() => call({ cpus: 2 }), type);
    t.throws(() => call({ cpus: [-1] }), range);
    t.throws(() => call({ nice: 20 }), range);
    t.throws(() => call({ nofile: 1.5 }), range);
    t.throws(() => call({ cpuTime: 0 }), range);
    t.throws(() => call({ maxRss: '1' }), type);
  }
  t.throws(() => new Process(() => 1, { orphan: 'keep' }), value);
  t.throws(() => new Process(() => 1, { timeout: -1 }), range);
  t.throws(() => new Process(() => 1, { maxHeapMb: 1 }), range);
  t.throws(() => new Process(() => 1, { inspect: 'yes' }), type);
});

test.serial('limits are options of spawn and fork as well', async (t) => {
  const child = spawn('sh', ['-c', 'ulimit -n; cut -d" " -f19 /proc/$$/stat'], { nofile: 77, nice: 9 });
  t.is(Buffer.concat(await child.stdout.toArray()).toString(), '77\n9\n');
  const big = spawn('sh', ['-c', 'x=$(head -c 90000000 /dev/zero | tr "\\0" x); sleep 600'], { maxRss: 50 << 20 });
  t.deepEqual(await once(big, 'exit'), [null, 'SIGKILL']);
  const program = fork(path.join(__dirname, '../fixtures/process/tells_limit.js'), { nofile: 99 });
  const ended = once(program, 'exit');
  const [limit] = await once(program, 'message');
  t.is(limit, '99');
  await ended;
  // No machine has that processor; what the system refuses is thrown by the start, which can be tried again.
  t.like(
    t.throws(() => spawn('true', { cpus: [8000] })),
    { code: 'EINVAL', syscall: 'spawn' },
  );
  const refused = new Process(() => 1, { cpus: [8000] });
  t.is(t.throws(() => refused.start()).code, 'EINVAL');
  t.is(refused.state, 'new');
});

test.serial('suspend and resume: it stands still and goes on', async (t) => {
  const child = start(spins);
  await until(() => child.usage().cpu.user > 0, 'it spins');
  t.true(child.suspend());
  await until(() => processState(child.pid).state === 'stopped', 'it is stopped');
  const { cpu } = child.usage();
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.deepEqual(child.usage().cpu, cpu);
  t.true(child.isAlive());
  t.true(child.resume());
  await until(() => child.usage().cpu.user > cpu.user, 'it goes on');
  child.suspend();
  await child.terminate();
  t.is(child.signalCode, 'SIGTERM', 'one that stands still gets its SIGTERM');
  t.is(child.usage(), null);
  t.false(child.suspend());
});

test.serial('usage tells memory, processor time and threads', async (t) => {
  const ready = new Barrier(2);
  const child = start(
    async (ready) => {
      const memory = Buffer.alloc(80 << 20, 1);
      await ready.wait();
      await ready.wait();
      return memory.length;
    },
    { args: [ready] },
  );
  await ready.wait();
  const { rss, cpu, threads } = child.usage();
  t.true(rss > 80 << 20, `${rss}`);
  t.true(cpu.user + cpu.system > 0);
  t.true(threads > 1);
  await ready.wait();
  await child.join();
});
