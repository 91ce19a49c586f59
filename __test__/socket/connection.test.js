'use strict';
// SocketConnection: messages between unrelated programs, in order, in any size, with an end.

const fs = require('node:fs');
const test = require('ava');
const { BufferTooShortError, SocketConnection } = require('../..');
const { BOUND, abstractName, acceptFrom, pairOf, socketPath, warmUp } = require('../fixtures/socket/programs');
const { guard } = require('../helpers/leaks');
const { processEntry } = require('../helpers/processes');

guard(test, { warmUp });

const KEY = { authKey: 'secret' };
const EOF = { code: 'ERR_MULTIPROC_EOF' };
const within = { timeout: BOUND };
const MiB = 2 ** 20;

for (const [kind, address, options] of [
  ['a path', (t) => socketPath(t), {}],
  ['an abstract name', () => abstractName(), {}],
  ['TCP', () => ({ port: 0 }), KEY],
  ['a tcp: URL', () => 'tcp://127.0.0.1:0', KEY],
]) {
  test.serial(`${kind}: values of every kind come back from another program`, async (t) => {
    const settings = { address: address(t), listener: options };
    const { connection, ended } = await acceptFrom(t, 'echo', options, settings);
    const error = Object.assign(new RangeError('out'), { code: 'MINE' });
    for (const value of [
      undefined,
      null,
      '',
      'ü',
      -0,
      12n,
      Object.assign(new Array(3), { 2: 3 }),
      { a: { b: new Map([[1, new Set('x')]]) } },
      error,
    ]) {
      await connection.send(value, within);
      t.deepEqual(await connection.recv(within), value);
    }
    await connection.send(Buffer.from('bytes'));
    t.true(Buffer.isBuffer(await connection.recv(within)));
    connection.close();
    t.is((await ended).code, 0);
  });
}

test.serial('8 MiB messages go both ways at the same time, as bytes and as values', async (t) => {
  const big = Buffer.alloc(8 * MiB, 'multiproc');
  for (const what of ['echo', 'echoBytes']) {
    const { connection, ended } = await acceptFrom(t, what);
    const isBytes = what === 'echoBytes';
    const receive = () => (isBytes ? connection.recvBytes(within) : connection.recv(within));
    const back = [receive(), receive(), receive()];
    for (let n = 0; n < 3; n += 1) await (isBytes ? connection.sendBytes(big, within) : connection.send(big, within));
    for (const message of await Promise.all(back)) t.true(big.equals(message));
    connection.close();
    t.is((await ended).code, 0);
  }
});

test.serial(
  'order under back-pressure: a slow receiver gets all messages of a sender that exits at once after them',
  async (t) => {
    const settings = { listener: { highWaterMark: 4096 } };
    const { connection, ended } = await acceptFrom(t, 'sendAndExit', { count: 3000, highWaterMark: 4096 }, settings);
    let next = 0;
    for await (const { n, text } of connection) {
      t.is(n, next);
      t.is(text.length, n % 1000);
      next += 1;
      if (n % 100 === 0) await new Promise(setImmediate);
    }
    t.is(next, 3000);
    t.is((await ended).code, 0);
  },
);

test.serial('back-pressure: who does not read stops the sender; a timeout sends nothing, trySend tells', async (t) => {
  const small = { highWaterMark: 1000 };
  const [, ours, theirs] = await pairOf(t, socketPath(t), small);
  const block = Buffer.alloc(900);
  let accepted = 0;
  while (ours.trySend({ n: accepted, block })) {
    accepted += 1;
    await new Promise(setImmediate);
    if (accepted > 100_000) break;
  }
  t.true(accepted > 2 && accepted < 100_000, `${accepted}`);
  await t.throwsAsync(ours.send({ late: block }, { timeout: 20 }), { code: 'ERR_MULTIPROC_TIMEOUT' });
  const controller = new AbortController();
  const aborted = ours.send({ aborted: block }, { signal: controller.signal });
  controller.abort(new Error('why'));
  t.is((await t.throwsAsync(aborted, { name: 'AbortError' })).cause.message, 'why');
  const last = ours.send({ last: block }, within);
  for (let n = 0; n < accepted; n += 1) t.is((await theirs.recv(within)).n, n);
  t.true('last' in (await theirs.recv(within)));
  await last;
});

test.serial('concurrent recv() calls are served in order, and one that gives up takes no message', async (t) => {
  const [, ours, theirs] = await pairOf(t, socketPath(t));
  const calls = [ours.recv(within), ours.recv({ timeout: 10 }), ours.recv(within)];
  await t.throwsAsync(calls[1], { code: 'ERR_MULTIPROC_TIMEOUT' });
  for (const n of [1, 2]) await theirs.send(n);
  t.deepEqual(await Promise.all([calls[0], calls[2]]), [1, 2]);
  for (const timeout of [0, -1]) await t.throwsAsync(ours.recv({ timeout }), { code: 'ERR_MULTIPROC_TIMEOUT' });
  await t.throwsAsync(ours.recv({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
});

test.serial('poll never consumes, sees what has arrived with a timeout of 0, and is true at the end', async (t) => {
  const [, ours, theirs] = await pairOf(t, socketPath(t));
  t.false(await ours.poll({ timeout: 0 }));
  t.false(await ours.poll({ timeout: 10 }));
  t.is(ours.tryRecv(), undefined);
  t.is(ours.tryRecv('none'), 'none');
  await theirs.send('');
  t.true(await ours.poll({ timeout: 0 }));
  t.true(await ours.poll(within));
  t.is(ours.tryRecv('none'), '');
  const polled = ours.poll(within);
  theirs.close();
  t.true(await polled);
  t.true(await ours.poll());
  t.throws(() => ours.tryRecv(), EOF);
  await t.throwsAsync(ours.recv(), EOF);
  await t.throwsAsync(ours.send(1), { code: 'ERR_MULTIPROC_CHANNEL_CLOSED' });
  t.throws(() => ours.trySend(1), { code: 'ERR_MULTIPROC_CHANNEL_CLOSED' });
});

test.serial('bytes: parts of a view, into a view, too short a view, too long a message', async (t) => {
  const [, ours, theirs] = await pairOf(t, socketPath(t));
  const bytes = Buffer.from('0123456789');
  await ours.sendBytes(bytes, { offset: 2, length: 3 });
  await ours.sendBytes(new Uint16Array([0x4141, 0x4242]), { offset: 1 });
  await ours.sendBytes(new ArrayBuffer(0));
  await ours.sendBytes(bytes);
  await ours.sendBytes(bytes);
  await ours.sendBytes(bytes);
  await ours.sendBytes(bytes);
  t.is(`${await theirs.recvBytes(within)}`, '234');
  t.is(`${await theirs.recvBytes({ maxLength: 3 })}`, 'ABB');
  t.is((await theirs.recvBytes()).length, 0);
  const view = Buffer.alloc(12, '.');
  t.is(await theirs.recvBytesInto(view, 1), 10);
  t.is(`${view}`, '.0123456789.');
  const error = await t.throwsAsync(theirs.recvBytesInto(view, 3), { code: 'ERR_MULTIPROC_BUFFER_TOO_SHORT' });
  t.true(error instanceof BufferTooShortError);
  t.is(`${error.bytes}`, `${bytes}`);
  t.is(`${await theirs.recvBytes({ maxLength: 10 })}`, `${bytes}`, 'the connection goes on');
  const tooLong = await t.throwsAsync(theirs.recvBytes({ maxLength: 9 }), { code: 'ERR_MULTIPROC_BUFFER_TOO_SHORT' });
  t.is(`${tooLong.bytes}`, `${bytes}`);
  await ours.send('on');
  t.is(await theirs.recv(within), 'on', 'the connection goes on');
});

test.serial('bytes are a Buffer for recv(); a value that is asked for as bytes stays for recv()', async (t) => {
  const [, ours, theirs] = await pairOf(t, socketPath(t));
  await ours.send({ a: 1 });
  await ours.sendBytes(Buffer.from('raw'));
  await ours.send(Buffer.from('a value that is bytes'));
  await ours.send('next');
  const wrong = { code: 'ERR_MULTIPROC_DESERIALIZE' };
  await t.throwsAsync(theirs.recvBytes(within), wrong);
  await t.throwsAsync(theirs.recvBytesInto(Buffer.alloc(9)), wrong);
  t.deepEqual(await theirs.recv(within), { a: 1 });
  const raw = await theirs.recv(within);
  t.true(Buffer.isBuffer(raw));
  t.is(`${raw}`, 'raw');
  t.is(`${await theirs.recvBytes(within)}`, 'a value that is bytes');
  // Calls that wait already: the first does not want the value, the second does.
  const waits = [theirs.recv(within), theirs.recvBytes(within), theirs.recv(within)];
  await ours.send('for the third');
  t.is(await waits[0], 'next');
  await t.throwsAsync(waits[1], wrong);
  t.is(await waits[2], 'for the third');
});

test.serial('a peer that is killed: what it had sent comes, then the end', async (t) => {
  const { connection } = await acceptFrom(t, 'sendAndDie');
  t.is(await connection.recv(within), 'last words');
  await t.throwsAsync(connection.recv(within), EOF);
});

test.serial(
  'a peer that is killed in the middle of a message: an error that says so, and no end of an iteration',
  async (t) => {
    const { connection } = await acceptFrom(t, 'dieInside');
    const error = await t.throwsAsync(connection.recv(within), EOF);
    t.regex(error.message, /in the middle of a message/);
    await t.throwsAsync(async () => {
      for await (const _ of connection);
    }, EOF);
  },
);

test.serial('a peer that is killed while it does not read: waiting sends reject', async (t) => {
  const { connection, child, line } = await acceptFrom(t, 'sleep');
  t.is(await line(), 'connected');
  const sends = [1, 2, 3].map(() => connection.sendBytes(Buffer.alloc(4 * MiB), within));
  child.kill('SIGKILL');
  const codes = sends.map((sent) => t.throwsAsync(sent, { code: 'ERR_MULTIPROC_CHANNEL_CLOSED' }));
  await Promise.all(codes);
  await t.throwsAsync(connection.recv(within), EOF);
});

test.serial('what a peer had sent before it died is not lost when a send to it fails first', async (t) => {
  const { connection, child } = await acceptFrom(t, 'sendAndDie');
  // The event loop reads nothing meanwhile: the message lies in the system.
  const bound = Date.now() + BOUND;
  const isDead = () => processEntry(child.pid).state === 'Z' && fs.readdirSync(`/proc/${child.pid}/task`).length <= 1;
  while (!isDead() && Date.now() < bound);
  await t.throwsAsync(connection.send('too late', within), { code: 'ERR_MULTIPROC_CHANNEL_CLOSED' });
  t.is(await connection.recv(within), 'last words');
  await t.throwsAsync(connection.recv(within), EOF);
});

test.serial(
  'a message that is announced longer than maxMessageBytes ends the connection before it comes',
  async (t) => {
    const settings = { listener: { maxMessageBytes: 1000 } };
    const { connection, ended } = await acceptFrom(t, 'tooLong', { length: 1001 }, settings);
    await t.throwsAsync(
      connection.recv(within),
      { code: 'ERR_MULTIPROC_DESERIALIZE' },
      'the message before it is no value',
    );
    await t.throwsAsync(connection.recv(within), { code: 'ERR_MULTIPROC_MESSAGE_SIZE', message: /1001 .*1000/ });
    await t.throwsAsync(connection.recv(within), { code: 'ERR_MULTIPROC_MESSAGE_SIZE' });
    await ended;
  },
);

test.serial(
  'a sender knows what the receiver takes: a longer message is refused there, and the connection goes on',
  async (t) => {
    const [, ours, theirs] = await pairOf(t, socketPath(t), { maxMessageBytes: 1000 }, {});
    await t.throwsAsync(ours.sendBytes(Buffer.alloc(1001)), { code: 'ERR_MULTIPROC_MESSAGE_SIZE' });
    t.throws(() => ours.trySend('x'.repeat(1001)), { code: 'ERR_MULTIPROC_MESSAGE_SIZE' });
    await ours.sendBytes(Buffer.alloc(1000));
    t.is((await theirs.recvBytes(within)).length, 1000);
  },
);

test.serial('bytes that are no value, and frames of no known type, are errors and no crash', async (t) => {
  const wrong = { code: 'ERR_MULTIPROC_DESERIALIZE' };
  for (const type of [0, 2, 99]) {
    const { connection } = await acceptFrom(t, 'garbage', { type });
    await t.throwsAsync(connection.recv(within), wrong, `${type}`);
    connection.close();
  }
});

test.serial('close: twice is fine, what was sent goes out, what waits rejects, the peer finds the end', async (t) => {
  const [, ours, theirs] = await pairOf(t, socketPath(t));
  t.true(ours instanceof SocketConnection);
  t.false(ours.closed);
  const waiting = [ours.recv(), ours.poll(), ours.recvBytes()];
  const sent = [ours.send('a'.repeat(3 * MiB)), ours.send('b')];
  ours.close();
  ours.close();
  t.true(ours.closed);
  for (const wait of waiting) await t.throwsAsync(wait, { code: 'ERR_MULTIPROC_CLOSED' });
  await t.throwsAsync(ours.send(1), { code: 'ERR_MULTIPROC_CLOSED' });
  t.throws(() => ours.tryRecv(), { code: 'ERR_MULTIPROC_CLOSED' });
  t.is((await theirs.recv(within)).length, 3 * MiB);
  t.is(await theirs.recv(within), 'b');
  await t.throwsAsync(theirs.recv(within), EOF);
  await Promise.all(sent);
  await ours[Symbol.asyncDispose]();
});

test.serial('TCP: what was sent before close() arrives though the closer had not read everything', async (t) => {
  const [, ours, theirs] = await pairOf(t, { port: 0 }, KEY);
  for (let n = 0; n < 50; n += 1) await theirs.send(n);
  await ours.send('answer');
  ours.close();
  t.is(await theirs.recv(within), 'answer');
  await t.throwsAsync(theirs.recv(within), EOF);
});

test.serial('wrong arguments throw with codes and send nothing', async (t) => {
  const [, ours, theirs] = await pairOf(t, socketPath(t));
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
  await t.throwsAsync(ours.send(1, { timeout: '1' }), type);
  await t.throwsAsync(ours.send(1, { signal: {} }), type);
  await t.throwsAsync(ours.sendBytes('text'), type);
  await t.throwsAsync(ours.sendBytes(Buffer.alloc(3), { offset: 4 }), range);
  await t.throwsAsync(ours.sendBytes(Buffer.alloc(3), { offset: 2, length: 2 }), range);
  await t.throwsAsync(ours.recvBytesInto(new Float64Array(2), 17), range);
  const failure = await t.throwsAsync(ours.send({ rows: [() => 1] }), { code: 'ERR_MULTIPROC_SERIALIZE' });
  t.is(failure.path, 'value.rows[0]');
  await t.throwsAsync(ours.send({ me: ours }), {
    code: 'ERR_MULTIPROC_SERIALIZE',
    message: /value\.me is a connection/,
  });
  await ours.send('only this');
  t.is(await theirs.recv(within), 'only this');
});
