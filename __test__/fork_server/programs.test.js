'use strict';
// Programs of fork() that run in copies of the server: main modules with a channel, as Node.js starts them.

const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { SharedValue, fork, forkServer } = require('../..');
const { guard } = require('../helpers/leaks');
const { processEntry } = require('../helpers/processes');
const { until, warmUp } = require('../fixtures/process/watch');

let directory;

guard(test, { warmUp });

test.serial('the server is ready', async (t) => {
  if (!(await forkServer.ready())) throw new Error(`no fork server: ${forkServer.reason}`);
  t.is(forkServer.state, 'ready');
});

test.before('programs', () => {
  directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fork-server-programs-')));
});

test.after.always('remove them', () => {
  if (directory) fs.rmSync(directory, { recursive: true, force: true });
});

/** @returns {import('node:child_process').ChildProcess} its parent's pid alone does not tell how it was started */
function start(t, name, source, args = [], options = {}) {
  const file = path.join(directory, name);
  fs.writeFileSync(file, source);
  const child = fork(file, args, { startMethod: 'forkserver', ...options });
  t.is(isCopy(child.pid), options.startMethod !== 'spawn');
  return child;
}

/** An ordinary start has its program on its command line from the beginning; a copy has the server's. */
function isCopy(pid) {
  return processEntry(pid).command.includes('multiproc-fork-server');
}

test.serial('a CommonJS program is the main module, and talks', async (t) => {
  const child = start(
    t,
    'main.cjs',
    `process.on('message', (message) => {
       process.send([message, process.argv.slice(2), require.main === module, process.argv[1] === __filename, process.connected]);
       process.disconnect();
     });`,
    ['a', 'b c'],
  );
  child.send({ question: 1 });
  t.deepEqual((await once(child, 'message'))[0], [{ question: 1 }, ['a', 'b c'], true, true, true]);
  t.deepEqual(await once(child, 'exit'), [0, null]);
});

test.serial('an ES module with a top-level await', async (t) => {
  const child = start(
    t,
    'main.mjs',
    `import { readFile } from 'node:fs/promises';
     const text = await readFile(new URL(import.meta.url), 'utf8');
     process.send([text.length > 0, process.argv[1], process.pid], () => process.exit(7));`,
  );
  t.deepEqual((await once(child, 'message'))[0], [true, path.join(directory, 'main.mjs'), child.pid]);
  t.deepEqual(await once(child, 'exit'), [7, null]);
});

test.serial('serialization, streams, environment', async (t) => {
  const child = start(
    t,
    'advanced.cjs',
    `process.stdout.write('out'); process.stderr.write('err');
     process.send(new Map([[process.env.GIVEN, 1n]]));`,
    [],
    { serialization: 'advanced', silent: true, env: { ...process.env, GIVEN: 'given' } },
  );
  const [[message], out, err] = await Promise.all([
    once(child, 'message'),
    child.stdout.toArray(),
    child.stderr.toArray(),
  ]);
  t.deepEqual(message, new Map([['given', 1n]]));
  t.deepEqual([String(Buffer.concat(out)), String(Buffer.concat(err))], ['out', 'err']);
});

test.serial('shared objects and sockets in messages', async (t) => {
  const value = new SharedValue('i32', 20);
  const child = start(
    t,
    'handles.cjs',
    `process.on('message', ({ value }, socket) => {
       value.add(1);
       socket.end('from the child');
       process.disconnect();
     });`,
  );
  const server = net.createServer((socket) => child.send({ value }, socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect(server.address().port, '127.0.0.1');
  t.is(String(Buffer.concat(await client.toArray())), 'from the child');
  server.close();
  await once(child, 'exit');
  t.is(value.value, 21);
});

test.serial('an uncaught error, and a program that is not there', async (t) => {
  const child = start(t, 'throws.cjs', `throw new Error('thrown at the top level');`, [], { silent: true });
  const text = String(Buffer.concat(await child.stderr.toArray()));
  t.regex(text, /throws\.cjs:1[\s\S]*Error: thrown at the top level/);
  t.deepEqual([child.exitCode ?? (await once(child, 'exit'))[0]], [1]);
  const missing = fork(path.join(directory, 'missing.cjs'), { startMethod: 'forkserver', silent: true });
  const told = String(Buffer.concat(await missing.stderr.toArray()));
  t.regex(told, /Cannot find module/);
});

test.serial('it is used only when it is asked for, and refuses other methods', async (t) => {
  const child = start(t, 'plain.cjs', '', [], { startMethod: 'spawn' });
  await once(child, 'exit');
  t.throws(() => fork(path.join(directory, 'plain.cjs'), { startMethod: 'threads' }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
  const free = fork(path.join(directory, 'plain.cjs'), { startMethod: 'forkserver', killOnParentExit: false });
  t.false(isCopy(free.pid));
  await once(free, 'exit');
});

test.serial('two hundred, ten at once, each with a message', async (t) => {
  const file = path.join(directory, 'echo.cjs');
  fs.writeFileSync(file, `process.once('message', (message) => process.send(message));`);
  const ask = async (question) => {
    const child = fork(file, { startMethod: 'forkserver' });
    child.send(question);
    const [answer] = await once(child, 'message');
    await once(child, 'exit');
    return answer;
  };
  for (let index = 0; index < 20; index += 1) {
    const questions = Array.from({ length: 10 }, (_, at) => index * 10 + at);
    t.deepEqual(await Promise.all(questions.map(ask)), questions);
  }
});

test.serial('the server ends', async (t) => {
  forkServer.stop();
  await until(() => forkServer.pid === null, 'it is gone');
  t.is(forkServer.state, 'off');
});
