'use strict';
// Who may speak: keys at both ends, users, and programs that break the handshake. The listener goes on in every case.

const net = require('node:net');
const { on, once } = require('node:events');
const { setTimeout: delay } = require('node:timers/promises');
const test = require('ava');
const { Listener, connect } = require('../..');
const { frameOf } = require('../../lib/socket/frames');
const { BOUND, abstractName, socketPath, start, warmUp } = require('../fixtures/socket/programs');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

const within = { timeout: BOUND };
const AUTH = { code: 'ERR_MULTIPROC_AUTH' };

/** A listener, and the codes of those it refuses, one after the other. */
function listen(t, address, options) {
  const listener = new Listener(address, options);
  t.teardown(() => listener.close());
  const refusals = on(listener, 'refused', { signal: AbortSignal.timeout(BOUND) });
  const next = async () => (await refusals.next()).value[0].code;
  return { listener, next };
}

/** Shows that the listener goes on. */
async function works(t, listener, options) {
  const [theirs, ours] = await Promise.all([listener.accept(within), connect(listener.address, options)]);
  await ours.send('works');
  t.is(await theirs.recv(within), 'works');
  ours.close();
  theirs.close();
}

test.serial(
  'a wrong key, no key, and a key too many: both ends know, nobody is accepted, the listener goes on',
  async (t) => {
    for (const address of [socketPath(t), { port: 0 }]) {
      const { listener, next } = listen(t, address, { authKey: Buffer.from('right') });
      for (const authKey of ['wrong', 'right ', undefined]) {
        if (authKey === undefined && typeof address !== 'string') continue;
        const program = start(t, 'tell', listener.address, { authKey });
        t.is((await program.line()).code, 'ERR_MULTIPROC_AUTH');
        t.is(await next(), 'ERR_MULTIPROC_AUTH');
      }
      await t.throwsAsync(listener.accept({ timeout: 0 }), { code: 'ERR_MULTIPROC_TIMEOUT' });
      await works(t, listener, { authKey: new Uint8Array(Buffer.from('right')) });
    }
    const { listener, next } = listen(t, socketPath(t));
    await t.throwsAsync(connect(listener.address, { authKey: 'key' }), AUTH);
    t.is(await next(), 'ERR_MULTIPROC_AUTH');
    await works(t, listener);
  },
);

test('TCP without a key is refused at once, at both ends', async (t) => {
  t.throws(() => new Listener({ port: 0 }), AUTH);
  await t.throwsAsync(connect('tcp://127.0.0.1:1'), AUTH);
});

test.serial('a recorded handshake is refused when it is played again, and so is one that is sent back', async (t) => {
  const { listener, next } = listen(t, { port: 0 }, { authKey: 'key' });
  const record = [];
  const proxy = net.createServer((client) => {
    const server = net.connect(listener.address);
    client.on('data', (chunk) => record.push(chunk));
    client.pipe(server).pipe(client);
    for (const socket of [client, server]) socket.on('error', () => {});
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address();
  const [theirs, ours] = await Promise.all([listener.accept(within), connect({ port }, { authKey: 'key' })]);
  await ours.send('recorded');
  t.is(await theirs.recv(within), 'recorded');
  ours.close();
  theirs.close();
  proxy.close();

  const again = net.connect(listener.address);
  again.on('error', () => {});
  again.write(Buffer.concat(record));
  t.is(await next(), 'ERR_MULTIPROC_AUTH');
  again.resume();
  await once(again, 'close');

  // The listener's own hello as the client's, and its proof, if it gave one.
  const mirror = net.connect(listener.address);
  mirror.on('error', () => {});
  mirror.pipe(mirror);
  mirror.once('data', () => mirror.write(frameOf(3, Buffer.alloc(64))));
  t.is(await next(), 'ERR_MULTIPROC_AUTH');
  mirror.destroy();
  await works(t, listener, { authKey: 'key' });
});

test.serial('a listener that does not know the key is found out by the client', async (t) => {
  // Says hello as the real one does, and then sends whatever as its proof.
  const { listener } = listen(t, socketPath(t), { authKey: 'key' });
  const address = socketPath(t);
  const impostor = net.createServer((client) => {
    const real = net.connect({ path: listener.address });
    real.once('data', (hello) => client.write(hello));
    real.on('error', () => {});
    client.on('error', () => {});
    let got = 0;
    client.on('data', (chunk) => {
      got += chunk.length;
      if (got === 47 + 69) client.write(frameOf(3, Buffer.alloc(64)));
    });
    client.on('close', () => real.destroy());
  });
  impostor.listen(address);
  await once(impostor, 'listening');
  await t.throwsAsync(connect(address, { authKey: 'key' }), {
    ...AUTH,
    message: /key of the listener .* is another one/,
  });
  impostor.close();
});

test.serial('silent and slow clients delay nobody, and are dropped after their time', async (t) => {
  const { listener, next } = listen(t, socketPath(t), { authKey: 'key', handshakeTimeout: 300 });
  const silent = Array.from({ length: 20 }, () => net.connect({ path: listener.address }).resume());
  const slow = net.connect({ path: listener.address }).resume();
  slow.on('error', () => {});
  const drops = [42, 0, 0, 0, 2, ...Buffer.from('MPSK')];
  const dripping = setInterval(() => slow.write(Buffer.of(drops.shift() ?? 1)), 40);
  t.teardown(() => clearInterval(dripping));
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  await works(t, listener, { authKey: 'key' });
  const codes = [];
  while (codes.length < 21) codes.push(await next());
  t.true(
    codes.every((code) => code === 'ERR_MULTIPROC_TIMEOUT'),
    `${codes}`,
  );
  await Promise.all(silent.map((socket) => socket.closed || once(socket, 'close')));
  slow.destroy();
});

test.serial('programs that speak something else are refused, without memory for what they announce', async (t) => {
  const { listener, next } = listen(t, socketPath(t), { authKey: 'key' });
  const hello = Buffer.alloc(42);
  hello.write('MPSK');
  hello[4] = 99;
  for (const bytes of [
    'GET / HTTP/1.1\r\n\r\n',
    Buffer.alloc(64, 255),
    frameOf(2, hello),
    frameOf(0, Buffer.of(1)),
    frameOf(3, Buffer.alloc(64)),
  ]) {
    const socket = net.connect({ path: listener.address });
    socket.on('error', () => {});
    socket.write(bytes);
    t.is(await next(), 'ERR_MULTIPROC_DESERIALIZE');
    socket.resume();
    if (!socket.closed) await once(socket, 'close');
  }
  const gone = net.connect({ path: listener.address });
  await once(gone, 'connect');
  gone.resume().end();
  t.is(await next(), 'ERR_MULTIPROC_EOF');
  await works(t, listener, { authKey: 'key' });
});

test.serial('another user is refused, unless anyUser is set', async (t) => {
  if (process.getuid() !== 0) return t.pass('only root can start a program of another user');
  const NOBODY = 65_534;
  const { listener, next } = listen(t, abstractName());
  const program = start(t, 'tell', listener.address, {}, { uid: NOBODY });
  const told = await program.line();
  t.is(told.code, 'ERR_MULTIPROC_AUTH', told.message);
  t.is(await next(), 'ERR_MULTIPROC_AUTH');
  await works(t, listener);

  const open = listen(t, abstractName(), { anyUser: true });
  const other = start(t, 'tell', open.listener.address, {}, { uid: NOBODY });
  const connection = await open.listener.accept(within);
  await connection.send('welcome');
  t.deepEqual(await other.line(), { received: 'welcome' });
  connection.close();

  // A listener of another user: the client refuses it.
  const foreign = start(t, 'listen', abstractName(), {}, { uid: NOBODY });
  const { address } = await foreign.line();
  const error = await t.throwsAsync(connect(address), { ...AUTH, message: /user 65534/ });
  t.is(error.uid, NOBODY);
  (await connect(address, { anyUser: true })).close();
  await delay(0);
});
