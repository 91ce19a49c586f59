'use strict';
// Pipe and Connection: messages between two ends, whoever has them, and the end of file when nobody has one any more.

const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const test = require('ava');
// A wake-up that gets lost is a hang then, and no delay. Before anything of the package is loaded.
process.env.MULTIPROC_LOOK_AGAIN_MS = '60000';
const { Connection, Lock, Pipe, Pool, Process, Queue, SharedArray, sharedBuffer } = require('../..');
const native = require('../../lib/binding');
const { blocksAreBackTo, liveBlocks } = require('../fixtures/process/watch');
const { BOUND, asleep, delay, kill, milliseconds, posted, ready, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

guard(test, { warmUp });

const MIB = 1 << 20;
const MAIN = path.join(__dirname, '..', '..');
const EOF = { name: 'MultiprocError', code: 'ERR_MULTIPROC_EOF' };
const GONE = { name: 'MultiprocError', code: 'ERR_MULTIPROC_CHANNEL_CLOSED' };
const TIMEOUT = { name: 'MultiprocError', code: 'ERR_MULTIPROC_TIMEOUT' };
const CLOSED = { name: 'MultiprocError', code: 'ERR_MULTIPROC_CLOSED' };
const ABORTED = { name: 'AbortError', code: 'ABORT_ERR' };
const TYPE = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
const RANGE = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
const SHORT = { name: 'BufferTooShortError', code: 'ERR_MULTIPROC_BUFFER_TOO_SHORT' };
const NO_BYTES = { name: 'MultiprocError', code: 'ERR_MULTIPROC_DESERIALIZE' };

/** Sends back what comes, until the end of file. */
async function echoes(begins, connection) {
  begins.release();
  for await (const message of connection) await connection.send(message);
  return 'end of file';
}

/** Keeps what it got, for ever. */
function keeps(begins, ...held) {
  begins.release();
  return new Promise(() => setInterval(() => held, 60_000));
}

/** Receives one message, awaiting or blocking, and tells how that ended. */
async function receives(begins, connection, blocks) {
  const outcome = (promise) =>
    promise.then(
      (value) => [value],
      (error) => error.code,
    );
  if (blocks) {
    begins.release();
    return outcome((async () => connection.recvSync())());
  }
  const received = outcome(connection.recv());
  begins.release();
  return received;
}

/** Rejects when the promise takes out of all proportion. */
function bounded(promise) {
  return Promise.race([
    promise,
    delay(BOUND, undefined, { ref: false }).then(() => Promise.reject(new Error('hangs'))),
  ]);
}

test.serial('smoke: messages go both ways in every form, in order', async (t) => {
  const [one, other] = Pipe();
  for (const end of [one, other]) {
    t.true(end instanceof Connection);
    t.true(end.readable && end.writable);
    t.false(end.closed);
  }
  t.is(await one.send('a'), undefined);
  t.is(one.sendSync('b'), undefined);
  t.true(one.trySend('c'));
  await one.send('d', { timeout: 0 });
  one.sendSync('e', 0);
  other.sendSync('back');
  t.is(await other.recv(), 'a');
  t.is(other.recvSync(), 'b');
  t.is(other.tryRecv(), 'c');
  t.is(await other.recv({ timeout: 0 }), 'd');
  t.is(other.recvSync(0), 'e');
  t.is(other.tryRecv(), undefined);
  t.is(other.tryRecv('otherwise'), 'otherwise');
  t.is(one.recvSync(), 'back');
  one.close();
  other.close();
  t.true(one.closed);
});

test.serial('simplex: the first end receives, the second sends, the wrong direction throws with a code', async (t) => {
  const [reader, writer] = Pipe({ duplex: false });
  t.deepEqual([reader.readable, reader.writable], [true, false]);
  t.deepEqual([writer.readable, writer.writable], [false, true]);
  writer.sendSync(1);
  t.is(reader.recvSync(), 1);
  const notWritable = { name: 'MultiprocError', code: 'ERR_MULTIPROC_NOT_WRITABLE' };
  const notReadable = { name: 'MultiprocError', code: 'ERR_MULTIPROC_NOT_READABLE' };
  for (const use of [() => reader.sendSync(1), () => reader.trySend(1), () => reader.toWritable()]) {
    t.throws(use, notWritable);
  }
  for (const wait of [reader.send(1), reader.sendBytes(Buffer.alloc(1))]) await t.throwsAsync(wait, notWritable);
  for (const use of [
    () => writer.recvSync(),
    () => writer.tryRecv(),
    () => writer.pollSync(),
    () => writer.toReadable(),
  ]) {
    t.throws(use, notReadable);
  }
  for (const wait of [
    writer.recv(),
    writer.poll(),
    writer.recvBytes(),
    writer.recvBytesInto(Buffer.alloc(1)),
    writer[Symbol.asyncIterator]().next(),
  ]) {
    await t.throwsAsync(wait, notReadable);
  }
  writer.close();
  t.throws(() => reader.recvSync(), EOF);
});

test.serial('arguments out of range or of the wrong kind throw with a code and change nothing', async (t) => {
  t.throws(() => new Connection(), { instanceOf: TypeError, code: 'ERR_ILLEGAL_CONSTRUCTOR' });
  for (const options of [1, null, { duplex: 1 }, { duplex: null }]) t.throws(() => Pipe(options), TYPE);
  t.throws(() => Pipe({ highWaterMark: '1' }), { ...TYPE, message: /^Pipe\(\): "highWaterMark"/ });
  for (const highWaterMark of [-1, 1.5]) t.throws(() => Pipe({ highWaterMark }), RANGE);
  const [one, other] = Pipe();
  one.sendSync('stays');
  for (const timeout of ['1', null]) {
    t.throws(() => one.sendSync(1, timeout), TYPE);
    t.throws(() => other.recvSync(timeout), TYPE);
    t.throws(() => other.pollSync(timeout), TYPE);
    for (const wait of [one.send(1, { timeout }), other.recv({ timeout }), other.poll({ timeout })]) {
      await t.throwsAsync(wait, TYPE);
    }
  }
  for (const options of [1, null, { signal: 1 }]) {
    for (const wait of [
      one.send(1, options),
      other.recv(options),
      other.poll(options),
      one.sendBytes(Buffer.alloc(1), options),
      other.recvBytes(options),
      other.recvBytesInto(Buffer.alloc(1), 0, options),
    ]) {
      await t.throwsAsync(wait, TYPE);
    }
  }
  const refused = { name: 'SerializationError', code: 'ERR_MULTIPROC_SERIALIZE' };
  await t.throwsAsync(
    one.send(() => {}),
    refused,
  );
  t.throws(() => one.sendSync({ callback() {} }), refused);
  t.throws(() => one.trySend(Symbol('x')), refused);
  t.is(other.recvSync(0), 'stays');
  t.is(other.tryRecv('nothing'), 'nothing');
});

test.serial('empty and missing values are messages as others are', async (t) => {
  const [one, other] = Pipe();
  const values = ['', undefined, null, 0, false, Number.NaN, [], {}, Buffer.alloc(0)];
  for (const value of values) one.sendSync(value);
  for (const value of values) {
    t.true(other.pollSync(0));
    t.deepEqual(await other.recv({ timeout: 0 }), value);
  }
  one.sendSync(undefined);
  t.is(other.tryRecv('otherwise'), undefined);
  t.is(other.tryRecv('otherwise'), 'otherwise');
  t.false(other.pollSync(0));
});

test.serial('a child echoes: every message comes back, in order, and the end of file reaches it', async (t) => {
  const [mine, its] = Pipe();
  const child = await ready(t, echoes, its);
  its.close();
  const count = 2000;
  const sending = (async () => {
    for (let number = 0; number < count; number += 1) {
      const message = [number, 'x'.repeat((number * 37) % 5000)];
      if (number % 2 === 0) mine.sendSync(message);
      else await mine.send(message);
    }
  })();
  for (let number = 0; number < count; number += 1) {
    const [got, text] = await mine.recv({ timeout: BOUND });
    if (got !== number || text.length !== (number * 37) % 5000) t.fail(`message ${number}`);
  }
  await sending;
  mine.close();
  t.is(await child.result, 'end of file');
});

test.serial('several waits of one thread each get their message, in order', async (t) => {
  const [one, other] = Pipe();
  const waits = [1, 2, 3].map(() => other.recv({ timeout: BOUND }));
  for (const number of [1, 2, 3]) one.sendSync(number);
  t.deepEqual(await Promise.all(waits), [1, 2, 3]);
});

test.serial('timeout: rejects at once, at once, and never before its time; nothing is taken or sent', async (t) => {
  const [one, other] = Pipe({ highWaterMark: 1 });
  one.sendSync('fills it');
  for (const timeout of [0, -1, 30, 120]) {
    for (const wait of [
      async () => one.recvSync(timeout),
      () => one.recv({ timeout }),
      async () => one.sendSync('more', timeout),
      () => one.send('more', { timeout }),
      () => one.recvBytes({ timeout }),
      () => one.recvBytesInto(Buffer.alloc(1), 0, { timeout }),
      () => one.sendBytes(Buffer.alloc(1), { timeout }),
    ]) {
      const begun = milliseconds();
      await t.throwsAsync(wait(), TIMEOUT);
      t.true(milliseconds() - begun >= timeout - 0.1);
    }
    for (const poll of [async () => one.pollSync(timeout), () => one.poll({ timeout })]) {
      const begun = milliseconds();
      t.false(await poll());
      t.true(milliseconds() - begun >= timeout - 0.1);
    }
  }
  t.false(one.trySend('more'));
  t.is(other.recvSync(0), 'fills it');
  t.is(other.tryRecv('nothing'), 'nothing');
  other.sendSync('later');
  await delay(5);
  t.is(one.tryRecv(), 'later', 'no recv that gave up takes it');
});

test.serial('abort before and during: rejects with the reason as cause, and nothing is taken or sent', async (t) => {
  const [one, other] = Pipe({ highWaterMark: 1 });
  one.sendSync('fills it');
  for (const isBefore of [true, false]) {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('no longer wanted');
    if (isBefore) {
      controller.abort(reason);
      other.sendSync('is there');
    }
    const waits = [
      one.recv({ signal }),
      one.poll({ signal }),
      one.send('more', { signal }),
      one.sendBytes(Buffer.from('more'), { signal }),
      one.recvBytes({ signal }),
      one.recvBytesInto(Buffer.alloc(10), 0, { signal }),
    ];
    if (!isBefore) {
      await delay(5);
      controller.abort(reason);
    }
    for (const wait of waits) t.is((await t.throwsAsync(wait, ABORTED)).cause, reason);
    if (isBefore) t.is(one.recvSync(0), 'is there');
  }
  other.sendSync('later');
  await delay(5);
  t.is(one.tryRecv(), 'later');
  t.is(other.recvSync(0), 'fills it');
  t.is(other.tryRecv('nothing'), 'nothing');
});

test.serial('poll tells of a message and takes none, and is true at the end of file', async (t) => {
  const [one, other] = Pipe();
  t.false(await other.poll({ timeout: 0 }));
  const polled = other.poll();
  one.sendSync('here');
  t.true(await polled);
  t.true(other.pollSync());
  t.true(await other.poll({ timeout: 0 }));
  t.is(other.recvSync(0), 'here');
  const child = await ready(
    t,
    (begins, connection) => {
      begins.release();
      const found = connection.pollSync();
      return [found, connection.recvSync(0)];
    },
    other,
  );
  await asleep(child.pid);
  one.sendSync('there');
  t.deepEqual(await child.result, [true, 'there']);
  await child.join();
  const atEnd = other.poll();
  one.close();
  t.true(await atEnd);
  t.true(other.pollSync(0));
  t.throws(() => other.recvSync(), EOF);
});

// CPython case 36.
test.serial(
  'sendBytes: a part of a view is sent, the empty one as well; what is out of range is refused',
  async (t) => {
    const [one, other] = Pipe();
    const bytes = Buffer.from('0123456789');
    for (const [options, expected] of [
      [undefined, '0123456789'],
      [{}, '0123456789'],
      [{ offset: 3 }, '3456789'],
      [{ offset: 3, length: 4 }, '3456'],
      [{ length: 4 }, '0123'],
      [{ length: 0 }, ''],
      [{ offset: 10 }, ''],
      [{ offset: 10, length: 0 }, ''],
    ]) {
      await one.sendBytes(bytes, options);
      const got = await other.recvBytes({ timeout: 0 });
      t.true(Buffer.isBuffer(got));
      t.is(got.toString(), expected);
    }
    for (const options of [
      { offset: 11 },
      { offset: -1 },
      { offset: 0.5 },
      { length: 11 },
      { length: -1 },
      { offset: 4, length: 7 },
      { offset: 10, length: 1 },
    ]) {
      await t.throwsAsync(one.sendBytes(bytes, options), RANGE);
    }
    for (const view of ['text', undefined, [1, 2], {}]) await t.throwsAsync(one.sendBytes(view), TYPE);
    await t.throwsAsync(one.sendBytes(bytes, { offset: '1' }), TYPE);
    t.is(other.tryRecv('nothing'), 'nothing');
    const words = new Uint16Array([1, 2, 3, 4]);
    await one.sendBytes(words.subarray(1), { offset: 2, length: 4 });
    t.deepEqual(await other.recvBytes(), Buffer.from(new Uint16Array([3, 4]).buffer));
    await one.sendBytes(new DataView(new Uint8Array([7, 8, 9]).buffer, 1));
    t.deepEqual(await other.recvBytes(), Buffer.from([8, 9]));
  },
);

test.serial('whole ArrayBuffers, shared ones too, are sent and filled as views are', async (t) => {
  const [one, other] = Pipe();
  await one.sendBytes(new Uint8Array([1, 2, 3]).buffer, { offset: 1 });
  const shared = new SharedArrayBuffer(4);
  t.is(await other.recvBytesInto(shared, 1), 2);
  await other.sendBytes(shared);
  const whole = new ArrayBuffer(4);
  t.is(await one.recvBytesInto(whole), 4);
  t.deepEqual([...new Uint8Array(whole)], [0, 2, 3, 0]);
});

test.serial('a Process and a Pool inside of a message are refused with their path, and nothing is sent', async (t) => {
  const [one, other] = Pipe();
  const child = new Process(() => 1);
  const pool = new Pool({ size: 1 });
  for (const [value, name] of [
    [child, 'a Process'],
    [pool, 'a Pool'],
  ]) {
    const error = await t.throwsAsync(one.send({ deep: [value] }), { code: 'ERR_MULTIPROC_SERIALIZE' });
    t.is(error.path, 'value.deep[0]');
    t.true(error.message.includes(`is ${name}, which cannot travel`), error.message);
  }
  t.false(await other.poll({ timeout: 0 }));
  await pool.terminate();
});

test.serial('sendBytes of shared memory sends what it holds now', async (t) => {
  const [one, other] = Pipe();
  for (const buffer of [sharedBuffer(8), new SharedArrayBuffer(8)]) {
    const view = new Uint8Array(buffer).fill(1);
    await one.sendBytes(view, { offset: 2 });
    view.fill(2);
    const got = await other.recvBytes();
    t.deepEqual([...got], [1, 1, 1, 1, 1, 1]);
    t.true(got.buffer instanceof ArrayBuffer);
  }
});

test.serial('recvBytes and recvBytesInto: too short a place throws with the message, which is gone then', async (t) => {
  const [one, other] = Pipe();
  const message = Buffer.from('a message');
  for (const short of [() => other.recvBytes({ maxLength: 8 }), () => other.recvBytesInto(Buffer.alloc(8))]) {
    await one.sendBytes(message);
    const error = await t.throwsAsync(short(), SHORT);
    t.deepEqual(error.bytes, message);
    t.is(other.tryRecv('nothing'), 'nothing');
  }
  await one.sendBytes(message);
  t.deepEqual(await other.recvBytes({ maxLength: 9 }), message);
  const place = Buffer.alloc(12, '.');
  await one.sendBytes(message);
  t.is(await other.recvBytesInto(place), 9);
  t.is(place.toString(), 'a message...');
  await one.sendBytes(Buffer.from('xy'));
  t.is(await other.recvBytesInto(place, 10), 2);
  t.is(place.toString(), 'a message.xy');
  await one.sendBytes(Buffer.alloc(0));
  t.is(await other.recvBytesInto(place, 12), 0);
  await one.sendBytes(message);
  t.deepEqual((await t.throwsAsync(other.recvBytesInto(place, 4), SHORT)).bytes, message);
  t.is(place.toString(), 'a message.xy');
  const words = new Uint16Array(4);
  await one.sendBytes(new Uint16Array([5, 6]));
  t.is(await other.recvBytesInto(words, 4), 4);
  t.deepEqual([...words], [0, 0, 5, 6]);
  await one.sendBytes(message);
  for (const offset of [-1, 13, 0.5]) await t.throwsAsync(other.recvBytesInto(place, offset), RANGE);
  for (const maxLength of [-1, 0.5]) await t.throwsAsync(other.recvBytes({ maxLength }), RANGE);
  for (const view of [undefined, 'text', {}]) await t.throwsAsync(other.recvBytesInto(view), TYPE);
  t.deepEqual(await other.recvBytes({ timeout: 0 }), message, 'bad arguments take no message');
});

test.serial('a message that is no bytes stays for recv(), before those behind it', async (t) => {
  const [one, other] = Pipe();
  for (const value of [{ a: 1 }, undefined, 'text', Buffer.from('bytes')]) one.sendSync(value);
  await t.throwsAsync(other.recvBytes(), NO_BYTES);
  await t.throwsAsync(other.recvBytesInto(Buffer.alloc(10)), NO_BYTES);
  t.true(other.pollSync(0));
  t.true(await other.poll({ timeout: 0 }));
  t.deepEqual(await other.recv(), { a: 1 });
  await t.throwsAsync(other.recvBytes(), NO_BYTES);
  t.is(other.recvSync(), undefined);
  await t.throwsAsync(other.recvBytes(), NO_BYTES);
  one.close();
  t.is(other.tryRecv(), 'text');
  t.deepEqual(await other.recvBytes(), Buffer.from('bytes'));
  await t.throwsAsync(other.recvBytes(), EOF);
});

// CPython case 37.
test.serial('the parent closes the child’s end right after start: it works, and there is an end of file', async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const [mine, its] = Pipe();
    const child = new Process(
      async (connection) => {
        await connection.send(`got ${await connection.recv()}`);
        connection.close();
      },
      { args: [its] },
    ).start();
    its.close();
    mine.sendSync('hey');
    t.is(await mine.recv({ timeout: BOUND }), 'got hey');
    await t.throwsAsync(bounded(mine.recv()), EOF);
    t.throws(() => mine.recvSync(), EOF);
    t.throws(() => mine.tryRecv(), EOF);
    await t.throwsAsync(mine.recvBytes(), EOF);
    await t.throwsAsync(mine.recvBytesInto(Buffer.alloc(1)), EOF);
    await child.result;
    await child.join();
  }
});

test.serial('end of file comes after all that was sent, and send says that nobody is there', async (t) => {
  const [one, other] = Pipe();
  for (let number = 0; number < 100; number += 1) one.sendSync([number, Buffer.alloc(number * 300)]);
  one.close();
  for (const use of [() => other.sendSync(1), () => other.trySend(1)]) t.throws(use, GONE);
  await t.throwsAsync(other.send(1), GONE);
  await t.throwsAsync(other.sendBytes(Buffer.alloc(1)), GONE);
  for (let number = 0; number < 100; number += 1) t.is(other.recvSync(0)[0], number);
  await t.throwsAsync(other.recv({ timeout: 0 }), EOF);
});

for (const blocks of [false, true]) {
  const how = blocks ? 'blocking' : 'awaiting';
  test.serial(`peer_killed_${how}_recv_gives_what_was_sent_and_then_the_end_of_file`, async (t) => {
    const [one, other] = Pipe();
    const holder = await ready(
      t,
      (begins, connection) => {
        connection.sendSync('last words');
        begins.release();
        return new Promise(() => setInterval(() => connection, 60_000));
      },
      one,
    );
    one.close();
    const waiter = await ready(
      t,
      async (begins, connection, isBlocking) => {
        const got = [connection.recvSync()];
        const next = isBlocking ? undefined : connection.recv();
        begins.release();
        try {
          got.push(isBlocking ? connection.recvSync() : await next);
        } catch (error) {
          got.push(error.code);
        }
        return got;
      },
      other,
      blocks,
    );
    await asleep(waiter.pid);
    await kill(holder);
    t.deepEqual(await bounded(waiter.result), ['last words', 'ERR_MULTIPROC_EOF']);
    t.throws(() => other.sendSync('for nobody'), GONE);
  });

  test.serial(`peer_killed_${how}_send_to_a_full_pipe_is_refused`, async (t) => {
    const [one, other] = Pipe({ highWaterMark: 1000 });
    const holder = await ready(t, keeps, one);
    one.close();
    other.sendSync(Buffer.alloc(2000));
    const waiter = await ready(
      t,
      async (begins, connection, isBlocking) => {
        const sent = isBlocking ? undefined : connection.send('more').catch((error) => error);
        begins.release();
        if (!isBlocking) return (await sent).code;
        try {
          return connection.sendSync('more');
        } catch (error) {
          return error.code;
        }
      },
      other,
      blocks,
    );
    await asleep(waiter.pid);
    await kill(holder);
    t.is(await bounded(waiter.result), 'ERR_MULTIPROC_CHANNEL_CLOSED');
  });

  test.serial(`peer_closed_${how}_recv_gives_the_end_of_file`, async (t) => {
    const [one, other] = Pipe();
    const waiter = await ready(t, receives, other, blocks);
    await asleep(waiter.pid);
    one.close();
    t.is(await bounded(waiter.result), 'ERR_MULTIPROC_EOF');
  });
}

test.serial('an end that two processes have: the end of file comes after the last is gone', async (t) => {
  const [one, other] = Pipe();
  const holders = [await ready(t, keeps, one), await ready(t, keeps, one)];
  one.close();
  const received = other.recv();
  let isOver = false;
  received
    .catch(() => {})
    .finally(() => {
      isOver = true;
    });
  await kill(holders[0]);
  t.true(other.trySend('somebody is there'));
  await t.throwsAsync(other.recv({ timeout: 50 }), TIMEOUT);
  t.false(isOver);
  await kill(holders[1]);
  await t.throwsAsync(bounded(received), EOF);
  t.throws(() => other.trySend('nobody is there'), GONE);
});

test.serial('an end on its way counts as somebody’s, until it is thrown away', async (t) => {
  const [one, other] = Pipe();
  const queue = new Queue();
  queue.putSync({ end: one });
  one.close();
  t.true(other.trySend('is there'));
  const received = other.recv();
  await t.throwsAsync(other.recv({ timeout: 30 }), TIMEOUT);
  const { end } = queue.getSync();
  t.is(end.recvSync(0), 'is there');
  queue.putSync([end]);
  end.close();
  queue.close();
  await t.throwsAsync(bounded(received), EOF);
  // Inside of a put that was never done.
  const [third, fourth] = Pipe();
  const full = new Queue({ maxSize: 1 });
  full.putSync('full');
  const put = full.put(third, { timeout: 30 });
  third.close();
  const waits = fourth.recv();
  await t.throwsAsync(put, { code: 'ERR_MULTIPROC_QUEUE_FULL' });
  await t.throwsAsync(bounded(waits), EOF);
});

test.serial('an end inside of what a killed process had not read: the end of file comes', async (t) => {
  const [one, other] = Pipe();
  const [toHolder, its] = Pipe();
  const holder = await ready(t, keeps, its);
  its.close();
  toHolder.sendSync({ end: one });
  one.close();
  const received = other.recv();
  t.true(other.trySend('on its way'));
  await kill(holder);
  // The pipe itself still holds it, for nobody: until it is closed.
  toHolder.close();
  await t.throwsAsync(bounded(received), EOF);
});

test.serial('ends go through pipes and queues to grandchildren, who talk with each other', async (t) => {
  const [one, other] = Pipe();
  const [toChild, its] = Pipe();
  const queue = new Queue();
  const child = await ready(
    t,
    async (begins, connection, fromQueue, main) => {
      const { Process: Started } = require(main);
      begins.release();
      const talks = async (end, text) => {
        await end.send(text);
        const got = await end.recv();
        end.close();
        return got;
      };
      const [byPipe, byQueue] = [await connection.recv(), await fromQueue.get()];
      const grandchildren = [
        new Started(talks, { args: [byPipe.end, 'by pipe'] }).start(),
        new Started(talks, { args: [byQueue[0], 'by queue'] }).start(),
      ];
      byPipe.end.close();
      byQueue[0].close();
      const got = await Promise.all(grandchildren.map(({ result }) => result));
      await Promise.all(grandchildren.map((grandchild) => grandchild.join()));
      return got;
    },
    its,
    queue,
    MAIN,
  );
  toChild.sendSync({ end: one });
  queue.putSync([other]);
  // Ours last, so that a copy that was lost on the way would be seen.
  one.close();
  other.close();
  t.deepEqual(await bounded(child.result), ['by queue', 'by pipe']);
});

test.serial('an end that is sent through its own pipe, and one of a pipe inside of another’s message', async (t) => {
  const [one, other] = Pipe();
  one.sendSync(one);
  one.close();
  const again = await other.recv();
  t.true(again instanceof Connection);
  other.sendSync('round');
  t.is(again.recvSync(0), 'round');
  again.sendSync(Pipe());
  const [third, fourth] = other.recvSync(0);
  third.sendSync('inner');
  t.is(fourth.recvSync(0), 'inner');
  again.close();
  t.throws(() => other.recvSync(), EOF);
  t.throws(() => other.sendSync('nobody is there'), GONE);
});

test.serial('shared objects go through pipes as themselves', async (t) => {
  const [mine, its] = Pipe();
  const child = await ready(t, echoes, its);
  its.close();
  const { view } = new SharedArray('i32', 4);
  const lock = new Lock();
  mine.sendSync({ view, lock });
  const back = await mine.recv({ timeout: BOUND });
  back.view[2] = 9;
  t.is(view[2], 9);
  back.lock.acquireSync();
  t.true(lock.locked);
  lock.release();
  mine.close();
  await child.result;
});

test.serial('highWaterMark: send waits until the other end has taken enough, then goes on', async (t) => {
  const [one, other] = Pipe({ highWaterMark: 10_000 });
  let count = 0;
  while (one.trySend(Buffer.alloc(1000))) count += 1;
  t.true(count >= 8 && count <= 10, `${count} messages`);
  const states = [];
  const sent = one.send('waits').then(() => states.push('sent'));
  await delay(5);
  t.deepEqual(states, []);
  t.is(other.recvSync(0).length, 1000);
  await bounded(sent);
  while (one.trySend(Buffer.alloc(1000))) count += 1;
  const child = await ready(
    t,
    (begins, connection) => {
      begins.release();
      connection.sendSync(Buffer.alloc(1000));
      return 'sent';
    },
    one,
  );
  await asleep(child.pid);
  const taken = [other.recvSync(0)];
  t.is(await bounded(child.result), 'sent');
  while (other.pollSync(0)) taken.push(other.recvSync(0));
  t.is(taken.filter((message) => message === 'waits').length, 1);
  t.is(taken.length, count + 1, 'the one that waited here, the one of the child, and one was taken before');
  t.true(one.trySend(Buffer.alloc(100_000)), 'a message larger than the mark is taken when there is room at all');
  const [free, reader] = Pipe({ highWaterMark: 0 });
  for (let number = 0; number < 50; number += 1) t.true(free.trySend(Buffer.alloc(MIB)));
  for (let number = 0; number < 50; number += 1) t.is(reader.recvSync(0).length, MIB);
});

test.serial('what is sent is what the value was at the call, however long the send waits', async (t) => {
  const [one, other] = Pipe({ highWaterMark: 1 });
  one.sendSync('first');
  const value = { text: 'as it was' };
  const sent = one.send(value);
  value.text = 'changed';
  for (let count = 0; count < 10; count += 1) t.false(one.trySend('x'.repeat(1000)));
  t.is(other.recvSync(), 'first');
  await sent;
  t.deepEqual(other.recvSync(), { text: 'as it was' });
});

test.serial('message events: all that comes, in order, then end; none without a listener', async (t) => {
  const [one, other] = Pipe();
  for (let number = 0; number < 3; number += 1) one.sendSync(number);
  const got = [];
  const ended = once(other, 'end');
  await new Promise(setImmediate);
  t.deepEqual(got, []);
  other.on('message', (message) => got.push(message));
  await until('what was there has come', () => got.length === 3);
  for (let number = 3; number < 100; number += 1) one.sendSync(number);
  one.close();
  await bounded(ended);
  t.deepEqual(
    got,
    Array.from({ length: 100 }, (_, number) => number),
  );
});

test.serial('message events: one for once(), and a listener that is taken away takes no message with it', async (t) => {
  const [one, other] = Pipe();
  for (let number = 0; number < 3; number += 1) one.sendSync(number);
  t.deepEqual(await once(other, 'message'), [0]);
  await delay(5);
  t.is(other.recvSync(0), 1);
  t.is(other.recvSync(0), 2);
  const got = [];
  const listener = (message) => got.push(message);
  other.on('message', listener);
  await delay(5);
  other.off('message', listener);
  one.sendSync('for recv');
  await delay(20);
  t.deepEqual(got, []);
  t.is(other.tryRecv('it is lost'), 'for recv');
  // Taken away in the moment when a message comes.
  other.on('message', listener);
  await delay(5);
  one.sendSync('either');
  other.off('message', listener);
  await delay(20);
  t.is(got[0] ?? other.tryRecv('it is lost'), 'either');
  got.length = 0;
  // Taken away, and back at once.
  other.on('message', listener);
  await delay(5);
  other.off('message', listener);
  other.on('message', listener);
  one.sendSync('comes');
  await until('it has come', () => got.length === 1);
  t.deepEqual(got, ['comes']);
  const closed = once(other, 'close');
  other.close();
  await closed;
});

test.serial('message events: a program that has closed its connection ends', async (t) => {
  const program = path.join(__dirname, '..', 'fixtures', 'pipe', 'closes_while_listening.js');
  const { stdout, stderr, code } = await run(program, [], { env: { MULTIPROC_DOMAIN: undefined } });
  t.is(code, 0, stderr);
  t.is(stdout, 'got 1\nclosed\n');
});

test.serial('async iterator: ends at the end of file, and break leaves the rest', async (t) => {
  const [one, other] = Pipe();
  for (let number = 0; number < 5; number += 1) one.sendSync(number);
  one.close();
  const got = [];
  for await (const message of other) {
    got.push(message);
    if (message === 2) break;
  }
  t.deepEqual(got, [0, 1, 2]);
  for await (const message of other) got.push(message);
  t.deepEqual(got, [0, 1, 2, 3, 4]);
});

test.serial('a worker thread has the other end', async (t) => {
  const queue = new Queue({ name: 'ends for threads' });
  const [one, other] = Pipe();
  queue.putSync(other);
  other.close();
  const worker = new Worker(
    `const { Queue } = require(${JSON.stringify(MAIN)});
     const { parentPort } = require('node:worker_threads');
     (async () => {
       const end = new Queue({ name: 'ends for threads' }).getSync();
       const got = [end.recvSync(), await end.recv()];
       end.sendSync(got);
       parentPort.postMessage(await end.recv().catch((error) => error.code));
     })();`,
    { eval: true },
  );
  t.teardown(() => worker.terminate());
  const message = posted(worker);
  one.sendSync('first');
  await one.send('second');
  t.deepEqual(await one.recv({ timeout: BOUND }), ['first', 'second']);
  one.close();
  t.is(await message, 'ERR_MULTIPROC_EOF');
});

test.serial('a worker thread that ends while it has an end: the end of file comes', async (t) => {
  const queue = new Queue({ name: 'ends for threads' });
  for (const ends of ['process.exit()', 'setInterval(() => end, 60_000)']) {
    const [one, other] = Pipe();
    queue.putSync(other);
    other.close();
    const worker = new Worker(
      `const { Queue } = require(${JSON.stringify(MAIN)});
       const end = new Queue({ name: 'ends for threads' }).getSync();
       end.sendSync('has it');
       ${ends}`,
      { eval: true },
    );
    t.teardown(() => worker.terminate());
    t.is(await one.recv({ timeout: BOUND }), 'has it');
    const received = one.recv();
    await worker.terminate();
    await t.throwsAsync(bounded(received), EOF);
  }
});

test.serial('buffers of 64 MiB go to another process and back at the same time, whole', async (t) => {
  const [mine, its] = Pipe();
  const child = await ready(
    t,
    async (begins, connection, size) => {
      begins.release();
      const [, got] = await Promise.all([connection.send(Buffer.alloc(size, 'from the child')), connection.recv()]);
      const bytes = await connection.recvBytes();
      await connection.sendBytes(bytes.reverse());
      return [got.length, got.subarray(-15).toString()];
    },
    its,
    64 * MIB,
  );
  its.close();
  const sent = Buffer.alloc(64 * MIB, 'from the parent');
  const [, got] = await Promise.all([mine.send(sent), mine.recv({ timeout: BOUND })]);
  t.is(Buffer.compare(got, Buffer.alloc(64 * MIB, 'from the child')), 0);
  await mine.sendBytes(sent);
  const back = await mine.recvBytes({ timeout: BOUND });
  t.is(Buffer.compare(back, Buffer.from(sent).reverse()), 0);
  t.deepEqual(await child.result, [64 * MIB, sent.subarray(-15).toString()]);
});

test.serial('closed: use after it throws, twice is fine, close is told, and messages of others go on', async (t) => {
  const [one, other] = Pipe();
  let told = 0;
  one.on('close', () => {
    told += 1;
  });
  one.close();
  one.close();
  t.is(told, 1);
  for (const use of [
    () => one.sendSync(1),
    () => one.trySend(1),
    () => one.recvSync(),
    () => one.tryRecv(),
    () => one.pollSync(),
    () => one.toReadable(),
    () => one.toWritable(),
  ]) {
    t.throws(use, CLOSED);
  }
  for (const wait of [
    one.send(1),
    one.recv(),
    one.poll(),
    one.sendBytes(Buffer.alloc(1)),
    one.recvBytes(),
    one.recvBytesInto(Buffer.alloc(1)),
  ]) {
    await t.throwsAsync(wait, CLOSED);
  }
  t.is(
    t.throws(() => new Queue().putSync(one), { code: 'ERR_MULTIPROC_SERIALIZE' }).cause.code,
    'ERR_MULTIPROC_CLOSED',
  );
  other[Symbol.dispose]();
  t.true(other.closed);
});

test.serial('a pipe that nobody has any more leaves no memory behind, whatever it held', async (t) => {
  const blocks = await liveBlocks();
  await (async () => {
    for (let round = 0; round < 5; round += 1) {
      const [one, other] = Pipe({ duplex: round % 2 === 0 });
      const writer = round % 2 === 0 ? one : other;
      writer.sendSync([new Lock(), Pipe(), Buffer.alloc(100_000)]);
      if (round > 2) one.close();
      if (round > 3) other.close();
    }
    t.true(native.domainInfo().liveBlocks > blocks);
  })();
  await blocksAreBackTo(blocks);
});

test.serial('a process whose recv is pending uses no processor time', async (t) => {
  const ticks = (pid) => {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  const waiters = [];
  const ends = [];
  for (const blocks of [false, true]) {
    const [mine, its] = Pipe();
    waiters.push(await ready(t, receives, its, blocks));
    its.close();
    ends.push(mine);
  }
  const all = () => waiters.map(({ pid }) => ticks(pid));
  // What starting took is over when two looks find the same.
  let before;
  await until('they have started', async () => {
    before = all();
    await delay(200);
    return `${all()}` === `${before}`;
  });
  await delay(1000);
  const used = all().map((now, index) => now - before[index]);
  t.log(`clock ticks in a second: ${used[0]} awaiting, ${used[1]} blocked`);
  t.true(used.every((count) => count <= 2));
  for (const end of ends) end.sendSync('enough');
  t.deepEqual(await Promise.all(waiters.map(({ result }) => result)), [['enough'], ['enough']]);
});
