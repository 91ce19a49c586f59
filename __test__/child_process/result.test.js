'use strict';
// `child.result`: what it has, when it is settled, how it fails, and that nobody is bothered who does not ask.

const { once } = require('node:events');
const path = require('node:path');
const test = require('ava');
const { CommandError, exec, execFile, fork, processState, spawn } = require('../..');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const fixture = (name) => path.join(__dirname, 'fixtures', name);
const shell = (script, options) => spawn('sh', ['-c', script], options);

/** The error of a result that must fail, and the properties that are looked at. */
async function failure(t, child, expected) {
  const error = await t.throwsAsync(child.result, { instanceOf: CommandError, code: 'ERR_MULTIPROC_COMMAND_FAILED' });
  const told = Object.fromEntries(Object.keys(expected).map((name) => [name, error[name]]));
  t.deepEqual(told, expected, error.message);
  return error;
}

const NO_REASON = { timedOut: false, isCanceled: false, isMaxBuffer: false };

test.serial('a command that succeeds: output, both streams in their order, codes, time', async (t) => {
  const child = shell('echo one; echo two >&2; read x; echo three');
  once(child.stderr, 'data').then(() => child.stdin.end('go\n'));
  const { durationMs, ...result } = await child.result;
  t.deepEqual(result, {
    command: 'sh -c echo one; echo two >&2; read x; echo three',
    pid: child.pid,
    exitCode: 0,
    signalCode: null,
    stdout: 'one\nthree\n',
    stderr: 'two\n',
    all: 'one\ntwo\nthree\n',
  });
  t.true(durationMs > 0);
});

test.serial('spawn, exec, execFile and fork have it', async (t) => {
  const quiet = { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] };
  const children = [
    spawn('echo', ['x']),
    exec('echo x'),
    execFile('echo', ['x']),
    fork(fixture('prints.js'), ['x'], quiet),
  ];
  const results = await Promise.all(children.map((child) => child.result));
  t.deepEqual(
    results.map(({ stdout }) => stdout),
    ['x\n', 'x\n', 'x\n', 'x\n'],
  );
  t.deepEqual(
    results.map(({ command }) => command),
    ['echo x', 'echo x', 'echo x', `${fixture('prints.js')} x`],
  );
});

test.serial('a command that fails', async (t) => {
  const child = shell('echo out; echo err >&2; exit 3');
  const error = await failure(t, child, {
    ...NO_REASON,
    exitCode: 3,
    signalCode: null,
    stdout: 'out\n',
    stderr: 'err\n',
    all: 'out\nerr\n',
    isTerminated: false,
    isForcefullyTerminated: false,
  });
  t.is(error.message, 'the command "sh -c echo out; echo err >&2; exit 3" ended with exit code 3\nerr\n');
});

test.serial('a command that a signal ends', async (t) => {
  const ends = { exitCode: null, isTerminated: true };
  await failure(t, shell('kill -TERM $$'), { ...ends, signalCode: 'SIGTERM', isForcefullyTerminated: false });
  await failure(t, shell('kill -KILL $$'), { ...ends, signalCode: 'SIGKILL', isForcefullyTerminated: true });
});

test.serial('a command that cannot be started', async (t) => {
  const error = await failure(t, spawn('no-such-program-here'), { pid: undefined, exitCode: null, signalCode: null });
  t.is(error.cause.code, 'ENOENT');
  t.true(error.message.includes('could not be started: spawn no-such-program-here ENOENT'), error.message);
});

test.serial('timeout, of spawn and of exec', async (t) => {
  const expected = { ...NO_REASON, timedOut: true, signalCode: 'SIGTERM' };
  await failure(t, spawn('sleep', ['1000'], { timeout: 50 }), expected);
  await failure(t, exec('exec sleep 1000', { timeout: 50 }), expected);
});

test.serial('abort, with its reason', async (t) => {
  for (const signal of [AbortSignal.abort('why'), AbortSignal.timeout(50)]) {
    for (const start of [() => spawn('sleep', ['1000'], { signal }), () => exec('exec sleep 1000', { signal })]) {
      const error = await failure(t, start(), { ...NO_REASON, isCanceled: true, signalCode: 'SIGTERM' });
      t.is(error.cause.name, 'AbortError');
      t.is(error.cause.cause, signal.reason);
    }
  }
});

test.serial('maxBuffer, of spawn and of exec', async (t) => {
  for (const start of [spawn, exec]) {
    const child = start('yes', { maxBuffer: 1000 });
    // How it ended is not looked at: exec closes the stream before it sends SIGTERM, so a failed write may be first.
    const error = await failure(t, child, { ...NO_REASON, isMaxBuffer: true });
    t.is(error.stdout, 'y\n'.repeat(500));
  }
});

test.serial('encoding, and streams that are not there', async (t) => {
  const bytes = await shell('printf ü', { encoding: 'buffer' }).result;
  t.deepEqual(bytes.stdout, Buffer.from('ü'));
  t.is((await shell('printf ü', { encoding: 'hex' }).result).stdout, 'c3bc');
  const child = shell('printf ü');
  child.stdout.setEncoding('latin1');
  t.is((await child.result).stdout, 'ü', 'whatever encoding the stream has');
  const { stdout, stderr, all } = await shell('true', { stdio: 'ignore' }).result;
  t.deepEqual([stdout, stderr, all], [null, null, null]);
});

test.serial('a grandchild that holds the output is not waited for, and does not keep the program', async (t) => {
  const { stdout, code } = await run(fixture('grandchild.js'));
  const [pid, ...result] = JSON.parse(stdout);
  t.true(process.kill(pid, 'SIGKILL'), 'it still ran');
  t.deepEqual(result, ['early\n', 0]);
  t.is(code, 0);
});

test.serial('ten megabytes are all there', async (t) => {
  const { stdout } = await shell('head -c 10000000 /dev/zero | tr "\\0" x').result;
  t.is(stdout.length, 10_000_000);
});

test.serial('asked for after the end: how it ended', async (t) => {
  const child = shell('exit 4', { stdio: 'ignore' });
  await once(child, 'close');
  await failure(t, child, { exitCode: 4, stdout: null });
  const missing = spawn('no-such-program-here').on('error', () => {});
  await new Promise((resolve) => missing.once('close', resolve));
  t.is((await failure(t, missing, { pid: undefined })).cause.code, 'ENOENT');
});

test.serial('captured from the beginning, and asked for after the end', async (t) => {
  for (const stdio of ['capture', ['ignore', 'capture', 'capture']]) {
    const child = shell('echo out; echo err >&2', { stdio });
    await once(child, 'close');
    const { stdout, stderr } = await child.result;
    t.deepEqual([stdout, stderr], ['out\n', 'err\n']);
  }
});

test.serial('who does not ask is not bothered: no listener, no unhandled rejection', async (t) => {
  const child = spawn('false');
  t.deepEqual([child.stdout.listenerCount('data'), child.listenerCount('error')], [0, 0]);
  t.false(Object.keys(child).includes('result'));
  await once(child, 'close');
  const failed = shell('exit 1', { stdio: 'capture' });
  await once(failed, 'close');
  await new Promise((resolve) => setImmediate(resolve));
  t.pass('an unhandled rejection would have ended the test process');
});

test.serial('a child is no promise: an async function may return it', async (t) => {
  const start = async () => spawn('false');
  const child = await start();
  t.is(typeof child.pid, 'number');
  await once(child, 'close');
});

test.serial('arguments that are no strings', async (t) => {
  const { command, stdout } = await spawn('echo', [1, null, Symbol('s')]).result;
  t.deepEqual([command, stdout], ['echo 1 null Symbol(s)', '1 null Symbol(s)\n']);
});

test.serial('it is the same promise whenever it is asked for', async (t) => {
  const child = spawn('true');
  t.is(child.result, child.result);
  await child.result;
});

test.serial('of a child that the program reaps it is settled when that has died', async (t) => {
  const manual = { reap: 'manual' };
  const good = shell('echo one', manual);
  t.like(await good.result, { exitCode: 0, signalCode: null, stdout: 'one\n', stderr: '' });
  const bad = shell('echo two; exit 3', manual);
  await failure(t, bad, { exitCode: 3, signalCode: null, stdout: 'two\n', exitReason: 'code', isTerminated: false });
  const killed = shell('kill -9 $$', { ...manual, stdio: 'ignore' });
  await failure(t, killed, {
    exitCode: null,
    signalCode: 'SIGKILL',
    exitReason: 'signal',
    isForcefullyTerminated: true,
  });
  const late = shell('exec sleep 1000', { ...manual, timeout: 20 });
  await failure(t, late, { signalCode: 'SIGTERM', timedOut: true, exitReason: 'timeout' });
  const grows = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(16 << 20, 1)), 10)';
  const large = spawn(process.execPath, ['-e', grows], { ...manual, maxRss: 200 << 20 });
  await failure(t, large, { signalCode: 'SIGKILL', exitReason: 'max-rss' });
  // A grandchild keeps the streams open.
  const open = shell('sleep 1000 & echo $!', manual);
  process.kill(Number((await open.result).stdout), 'SIGKILL');
  for (const child of [good, bad, killed, late, large, open]) {
    t.deepEqual([child.exitCode, child.signalCode, child.exitReason], [null, null, null]);
    t.is(processState(child.pid).state, 'zombie');
  }
  const ends = await Promise.all([good, bad, killed, late, large, open].map((child) => child.wait()));
  t.deepEqual(
    ends.map(({ exitCode, signalCode }) => exitCode ?? signalCode),
    [0, 3, 'SIGKILL', 'SIGTERM', 'SIGKILL', 0],
  );
  t.is(large.exitReason, 'max-rss');
  t.is((await good.result).stdout, 'one\n');
  // Asked for when it is over, and after it was reaped.
  const asked = shell('exit 4', manual);
  await asked._handle.hasEnded;
  await failure(t, asked, { exitCode: 4 });
  await asked.wait();
  const afterwards = shell('exit 5', manual);
  await afterwards.wait();
  await failure(t, afterwards, { exitCode: 5 });
});
