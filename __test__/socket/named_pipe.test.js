'use strict';
// NamedPipe: both ends wait for each other in the event loop; the end, EPIPE, and other programs.

const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { text } = require('node:stream/consumers');
const { setTimeout: delay } = require('node:timers/promises');
const test = require('ava');
const { NamedPipe } = require('../..');
const { BOUND, socketPath, warmUp } = require('../fixtures/socket/programs');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

const within = { timeout: BOUND };

function createPipe(t) {
  const pipe = NamedPipe.create(socketPath(t, 'fifo'));
  t.teardown(() => pipe.unlink());
  return pipe;
}

function startShell(t, command, ...args) {
  const child = spawn('sh', ['-c', command, 'sh', ...args], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const ended = once(child, 'close');
  t.teardown(async () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {}
    await ended;
  });
  return { child, ended };
}

test.serial('create: mode, one that is there, what is no pipe, unlink twice, dispose by its maker alone', (t) => {
  const file = socketPath(t, 'fifo');
  const old = process.umask(0o777);
  t.teardown(() => process.umask(old));
  const pipe = NamedPipe.create(file);
  t.is(pipe.path, file);
  t.true(fs.lstatSync(file).isFIFO());
  t.is(fs.lstatSync(file).mode & 0o7777, 0o600);
  const same = NamedPipe.create(file, { mode: 0o666 });
  t.is(fs.lstatSync(file).mode & 0o7777, 0o600);
  const error = t.throws(() => NamedPipe.create(file, { exclusive: true }), { code: 'EEXIST' });
  t.deepEqual([error.syscall, error.path, error.errno], ['mkfifo', file, -17]);
  same[Symbol.dispose]();
  new NamedPipe(file)[Symbol.dispose]();
  t.true(fs.existsSync(file));
  pipe[Symbol.dispose]();
  t.false(fs.existsSync(file));
  pipe.unlink();
  process.umask(old);
  fs.writeFileSync(file, 'text');
  t.throws(() => NamedPipe.create(file), { code: 'EEXIST', message: /no named pipe/ });
  t.throws(() => NamedPipe.create(path.join(file, 'x')), { code: 'ENOTDIR' });
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  t.throws(() => new NamedPipe(1), type);
  t.throws(() => NamedPipe.create(file, { exclusive: 1 }), type);
  t.throws(() => NamedPipe.create('', {}), { code: 'ERR_INVALID_ARG_VALUE' });
  t.throws(() => NamedPipe.create(file, { mode: -1 }), { code: 'ERR_OUT_OF_RANGE' });
});

test.serial('more waits than Node.js has threads, and files are still read meanwhile', async (t) => {
  const pipes = Array.from({ length: 12 }, () => createPipe(t));
  const writers = pipes.map((pipe) => pipe.openWrite(within));
  await fs.promises.readFile(__filename);
  await delay(20);
  const received = pipes.map(async (pipe) => text(await pipe.openRead()));
  for (const [n, writer] of writers.entries()) (await writer).end(`number ${n}`);
  t.deepEqual(
    await Promise.all(received),
    pipes.map((_, n) => `number ${n}`),
  );
});

test.serial('a reader before its writer: no end before there was one, then all it wrote, then the end', async (t) => {
  const pipe = createPipe(t);
  const reader = await pipe.openRead();
  const received = text(reader);
  let isEnded = false;
  received.then(() => {
    isEnded = true;
  });
  await delay(30);
  t.false(isEnded);
  const { ended } = startShell(t, 'exec > "$1"; echo one; echo two', pipe.path);
  t.is(await received, 'one\ntwo\n');
  await ended;
});

test.serial('a writer that is killed ends the stream; with another one left it goes on', async (t) => {
  const pipe = createPipe(t);
  const reader = await pipe.openRead();
  const first = startShell(t, 'exec > "$1"; echo first; exec sleep 60', pipe.path);
  t.is(`${(await once(reader, 'data'))[0]}`, 'first\n');
  const second = await pipe.openWrite(within);
  first.child.kill('SIGKILL');
  await first.ended;
  second.end('second\n');
  t.is(`${(await once(reader, 'data'))[0]}`, 'second\n');
  await once(reader, 'end');
});

test.serial('no reader: a timeout, a signal; a reader that is killed: EPIPE', async (t) => {
  const pipe = createPipe(t);
  await t.throwsAsync(pipe.openWrite({ timeout: 0 }), { code: 'ERR_MULTIPROC_TIMEOUT' });
  await t.throwsAsync(pipe.openWrite({ timeout: 30 }), { code: 'ERR_MULTIPROC_TIMEOUT' });
  const controller = new AbortController();
  const aborted = pipe.openWrite({ signal: controller.signal });
  controller.abort(new Error('why'));
  t.is((await t.throwsAsync(aborted, { code: 'ABORT_ERR' })).cause.message, 'why');
  await t.throwsAsync(pipe.openRead({ signal: controller.signal }), { code: 'ABORT_ERR' });

  const { child, ended } = startShell(t, 'exec < "$1"; echo ready; exec sleep 60', pipe.path);
  const writer = await pipe.openWrite(within);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await ended;
  const failure = once(writer, 'error');
  writer.write('text');
  t.is((await failure)[0].code, 'EPIPE');
  await t.throwsAsync(new NamedPipe(`${pipe.path}x`).openRead(), { code: 'ENOENT' });
  await t.throwsAsync(new NamedPipe(__filename).openWrite(), { code: 'ERR_MULTIPROC_UNSUPPORTED' });
});

test.serial('a signal destroys a stream that was opened with it', async (t) => {
  const pipe = createPipe(t);
  const controller = new AbortController();
  const reader = await pipe.openRead({ signal: controller.signal });
  const failure = once(reader, 'error');
  controller.abort();
  t.is((await failure)[0].code, 'ABORT_ERR');
});

test.serial('8 MiB go through, with back-pressure', async (t) => {
  const pipe = createPipe(t);
  const { child, ended } = startShell(t, 'cksum < "$1"', pipe.path);
  const writer = await pipe.openWrite(within);
  t.false(writer.write(Buffer.alloc(8 << 20)));
  writer.end();
  t.regex(`${(await once(child.stdout, 'data'))[0]}`, /^\d+ 8388608$/m);
  await ended;
});
