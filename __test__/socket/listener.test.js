'use strict';
// Listener and connect(): addresses, who owns them, and how they end.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const test = require('ava');
const { Listener, connect } = require('../..');
const { BOUND, abstractName, pairOf, socketPath, start, warmUp } = require('../fixtures/socket/programs');
const { guard } = require('../helpers/leaks');

guard(test, {
  async warmUp() {
    await warmUp();
    await once(new Worker('', { eval: true }), 'exit');
  },
});

const within = { timeout: BOUND };
const IN_USE = { code: 'EADDRINUSE' };

test.serial('a path: mode 0600, one listener, gone with it', async (t) => {
  const address = socketPath(t);
  const old = process.umask(0);
  t.teardown(() => process.umask(old));
  const listener = new Listener(address);
  t.is(listener.address, address);
  t.false(listener.closed);
  t.is(fs.lstatSync(address).mode & 0o7777, 0o600);
  const error = t.throws(() => new Listener(address), IN_USE);
  t.deepEqual([error.syscall, error.errno, error.address], ['bind', -98, address]);
  listener.close();
  listener.close();
  t.true(listener.closed);
  t.deepEqual(fs.readdirSync(path.dirname(address)), []);
  await t.throwsAsync(connect(address), { code: 'ENOENT' });
  await t.throwsAsync(listener.accept(), { code: 'ERR_MULTIPROC_CLOSED' });
});

test.serial('the umask takes nothing away from the mode, and adds nothing', (t) => {
  const address = socketPath(t);
  const old = process.umask(0o777);
  t.teardown(() => process.umask(old));
  const listener = new Listener(address, { anyUser: true });
  t.is(fs.lstatSync(address).mode & 0o7777, 0o666);
  listener.close();
});

test.serial('an address that another program listens at is in use; that of a dead one is taken over', async (t) => {
  for (const address of [socketPath(t), abstractName()]) {
    const { child, line, ended } = start(t, 'listenAndDie', address);
    t.deepEqual(await line(), { address });
    t.throws(() => new Listener(address), IN_USE);
    child.stdin.end('now');
    t.is((await ended).signal, 'SIGKILL');
    if (!address.startsWith('@')) {
      t.true(fs.existsSync(address), 'it was left behind');
      await t.throwsAsync(connect(address), { code: 'ECONNREFUSED' });
    }
    const [listener, ours, theirs] = await pairOf(t, address);
    await ours.send(1);
    t.is(await theirs.recv(within), 1);
    listener.close();
    if (!address.startsWith('@')) t.deepEqual(fs.readdirSync(path.dirname(address)), []);
  }
});

test.serial('many programs at once take over the address of a dead one: exactly one gets it', async (t) => {
  const address = socketPath(t);
  const first = start(t, 'listenAndDie', address);
  await first.line();
  first.child.stdin.end('now');
  await first.ended;
  const programs = Array.from({ length: 6 }, () => start(t, 'listen', address));
  const lines = await Promise.all(programs.map(({ line }) => line().catch(({ message }) => message)));
  const owners = lines.filter((line) => line.address === address);
  t.is(owners.length, 1, `${lines}`);
  for (const line of lines) if (line.address === undefined) t.regex(line, /EADDRINUSE/);
  const connection = await connect(address);
  await connection.send('who?');
  t.is(await connection.recv(within), 'who?');
  connection.close();
  t.deepEqual(fs.readdirSync(path.dirname(address)), ['s']);
});

test.serial('a program that exits takes its address with it', async (t) => {
  const address = socketPath(t);
  t.is((await start(t, 'listenAndExit', address).ended).code, 0);
  t.deepEqual(fs.readdirSync(path.dirname(address)), []);
});

test.serial('a file that is no socket, and a socket that is not ours any more, are left alone', (t) => {
  const address = socketPath(t);
  fs.writeFileSync(address, 'text');
  t.throws(() => new Listener(address), IN_USE);
  t.is(fs.readFileSync(address, 'utf8'), 'text');
  fs.unlinkSync(address);
  const listener = new Listener(address);
  fs.unlinkSync(address);
  const other = new Listener(address);
  listener.close();
  t.true(fs.existsSync(address));
  other.close();
  t.false(fs.existsSync(address));
  t.throws(() => new Listener(path.join(address, 'none')), { code: 'ENOENT' });
});

test.serial('TCP: port 0 picks one, which address tells; a second listener there is refused', (t) => {
  const options = { authKey: 'k' };
  const listener = new Listener({ port: 0 }, options);
  const { host, port } = listener.address;
  t.is(host, '127.0.0.1');
  t.true(port > 0);
  t.throws(() => new Listener(`tcp://127.0.0.1:${port}`, options), IN_USE);
  listener.close();
  const again = new Listener({ host: 'localhost', port }, options);
  t.is(again.address.port, port);
  again.close();
});

test.serial('accept: in order, with a timeout, a signal, an iterator that ends with close()', async (t) => {
  const address = abstractName();
  const listener = new Listener(address);
  await t.throwsAsync(listener.accept({ timeout: 0 }), { code: 'ERR_MULTIPROC_TIMEOUT' });
  await t.throwsAsync(listener.accept({ timeout: 5 }), { code: 'ERR_MULTIPROC_TIMEOUT' });
  const controller = new AbortController();
  const aborted = listener.accept({ signal: controller.signal });
  controller.abort(new Error('why'));
  t.is((await t.throwsAsync(aborted, { code: 'ABORT_ERR' })).cause.message, 'why');
  const clients = [];
  for (const n of [1, 2, 3]) {
    clients.push(await connect(address));
    await clients.at(-1).send(n);
  }
  const seen = [];
  for await (const connection of listener) {
    seen.push(await connection.recv(within));
    connection.close();
    if (seen.length === 3) listener.close();
  }
  t.deepEqual(seen, [1, 2, 3]);
  for (const client of clients) client.close();
  const waiting = new Listener(address);
  const pending = t.throwsAsync(waiting.accept(), { code: 'ERR_MULTIPROC_CLOSED' });
  await waiting[Symbol.asyncDispose]();
  await pending;
});

test.serial('the signal of a listener closes it, the signal and the timeout of connect end the attempt', async (t) => {
  const controller = new AbortController();
  const listener = new Listener(abstractName(), { signal: controller.signal });
  const pending = t.throwsAsync(listener.accept(), { code: 'ABORT_ERR' });
  controller.abort();
  await pending;
  t.true(listener.closed);
  t.throws(() => new Listener(abstractName(), { signal: controller.signal }), { code: 'ABORT_ERR' });
  await t.throwsAsync(connect(abstractName(), { signal: controller.signal }), { code: 'ABORT_ERR' });

  // It takes connections and says nothing.
  const address = socketPath(t);
  const sockets = new Set();
  const mute = net.createServer((socket) => sockets.add(socket)).listen(address);
  await once(mute, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
  await t.throwsAsync(connect(address, { timeout: 30 }), { code: 'ERR_MULTIPROC_TIMEOUT', message: /within 30 ms/ });
  const later = new AbortController();
  const attempt = connect(address, { signal: later.signal });
  later.abort(new Error('why'));
  t.is((await t.throwsAsync(attempt, { code: 'ABORT_ERR' })).cause.message, 'why');
});

test.serial('a full backlog is waited for, within the timeout', async (t) => {
  const address = abstractName();
  const listener = new Listener(address, { backlog: 1 });
  const first = await connect(address);
  const error = await t.throwsAsync(connect(address));
  t.is(error.code, 'ECONNREFUSED');
  t.regex(error.message, /wait to be accepted/);
  const accepted = await listener.accept(within);
  const second = await connect(address);
  for (const connection of [first, second, accepted]) connection.close();
  listener.close();
});

test.serial('a worker thread listens, and its end frees the address', async (t) => {
  const address = socketPath(t);
  const code = `
    const { Listener } = require(${JSON.stringify(path.join(__dirname, '../..'))});
    const { parentPort } = require('node:worker_threads');
    const listener = new Listener(${JSON.stringify(address)});
    listener.accept().then(async (connection) => connection.send(await connection.recv() + 1));
    parentPort.postMessage('ready');
  `;
  const worker = new Worker(code, { eval: true });
  await once(worker, 'message');
  const connection = await connect(address);
  await connection.send(1);
  t.is(await connection.recv(within), 2);
  await worker.terminate();
  await t.throwsAsync(connection.recv(within), { code: 'ERR_MULTIPROC_EOF' });
  connection.close();
  t.false(fs.existsSync(address));
});

test.serial('unref: neither a listener nor a connection keeps a program alive', async (t) => {
  const { run } = require('../helpers/run');
  const file = socketPath(t, 'program.js');
  fs.writeFileSync(
    file,
    `const { Listener, connect } = require(${JSON.stringify(path.join(__dirname, '../..'))});
     const listener = new Listener(${JSON.stringify(abstractName())}).unref();
     Promise.all([listener.accept(), connect(listener.address)]).then((both) => {
       for (const connection of both) connection.unref().recv();
       console.log('done');
     });`,
  );
  const { stdout, code } = await run(file, [], { timeout: BOUND });
  t.is(stdout, 'done\n');
  t.is(code, 0);
});

test('wrong addresses and options throw with codes', async (t) => {
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const value = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' };
  const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
  for (const address of [undefined, null, 5, ['x'], { host: 1, port: 1 }, { port: '1' }, {}]) {
    t.throws(() => new Listener(address, { authKey: 'k' }), type);
    await t.throwsAsync(connect(address, { authKey: 'k' }), type);
  }
  for (const address of ['', '@', '\0', 'a\0b', 'tcp://', 'tcp://host', 'tcp://host:x', `/tmp/${'x'.repeat(108)}`]) {
    t.throws(() => new Listener(address, { authKey: 'k' }), value, address);
  }
  for (const address of ['tcp://h:65536', { port: -1 }, { port: 1.5 }]) {
    t.throws(() => new Listener(address, { authKey: 'k' }), range);
  }
  for (const options of [
    { backlog: 0 },
    { maxMessageBytes: 2 ** 32 },
    { highWaterMark: 0 },
    { handshakeTimeout: Number.NaN },
  ]) {
    t.throws(() => new Listener('@x', options), range);
  }
  for (const options of [1, { authKey: 1 }, { anyUser: 1 }, { signal: 1 }, { backlog: '1' }]) {
    t.throws(() => new Listener('@x', options), type);
  }
  t.throws(() => new Listener('@x', { authKey: '' }), value);
});
