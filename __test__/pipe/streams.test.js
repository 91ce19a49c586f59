'use strict';
// Connections as streams, of Node.js and of the web: order, back-pressure, both directions' ends, and what an ended stream
// leaves to others. And what ends a wait: close(), and a listener that throws.

const { once } = require('node:events');
const { pipeline } = require('node:stream/promises');
const path = require('node:path');
const test = require('ava');
const { Pipe, Process, wait } = require('../..');
const { BOUND, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

guard(test, { warmUp });

const MAIN = path.join(__dirname, '..', '..');
const EOF = { code: 'ERR_MULTIPROC_EOF' };
const CLOSED = { code: 'ERR_MULTIPROC_CLOSED' };
const ENDED = { code: 'ERR_MULTIPROC_NOT_WRITABLE' };
const ITEMS = Array.from({ length: 300 }, (_, number) => ({ number, text: 'x'.repeat(100) }));

async function collect(source) {
  const got = [];
  for await (const item of source) got.push(item);
  return got;
}

/** How each kind of stream is written to and read from. */
const KINDS = {
  'Node.js': {
    write: (connection, items) => pipeline(items, connection.toWritable()),
    read: (connection) => connection.toReadable(),
  },
  'the web': {
    write: (connection, items) => ReadableStream.from(items).pipeTo(connection.toWritableStream()),
    read: (connection) => connection.toReadableStream(),
  },
};

/** Sends everything back by streams, and says how that ended. */
async function streamsBack(connection) {
  await connection.toReadableStream().pipeTo(connection.toWritableStream());
  return connection.closed;
}

for (const [kind, { write, read }] of Object.entries(KINDS)) {
  test.serial(`streams of ${kind} carry values with back-pressure, in order, to the end`, async (t) => {
    const [one, other] = Pipe({ highWaterMark: 2000 });
    let read1 = 0;
    let written = 0;
    async function* counted() {
      for (const item of ITEMS) {
        // About twenty fit.
        t.true(written - read1 < 60, `${written} written, ${read1} read`);
        written += 1;
        yield item;
      }
    }
    const writing = write(one, counted());
    for await (const item of read(other)) {
      t.deepEqual(item, ITEMS[read1]);
      read1 += 1;
    }
    await writing;
    t.is(read1, ITEMS.length);
  });

  test.serial(`the end of a stream of ${kind} is that of one direction`, async (t) => {
    const [one, other] = Pipe();
    await write(one, [1, 2]);
    t.deepEqual([one.closed, one.writable, one.readable], [false, false, true]);
    await t.throwsAsync(one.send(3), ENDED);
    t.throws(() => one.trySend(3), ENDED);
    t.throws(() => one.sendSync(3), ENDED);
    t.deepEqual(await collect(read(other)), [1, 2]);
    t.true(await other.poll());
    t.throws(() => other.tryRecv(), EOF);
    t.throws(() => other.recvSync(), EOF);
    await t.throwsAsync(other.recv(), EOF);
    await other.send('back');
    t.is(await one.recv({ timeout: BOUND }), 'back');
    other.close();
    await t.throwsAsync(one.recv(), EOF);
  });

  test.serial(`a stream of ${kind} over an end that only sends closes it`, async (t) => {
    const [receiver, sender] = Pipe({ duplex: false });
    await write(sender, ['only']);
    t.true(sender.closed);
    t.deepEqual(await collect(read(receiver)), ['only']);
  });

  test.serial(`what cannot travel, and a peer that has gone, are errors of a stream of ${kind}`, async (t) => {
    const [one] = Pipe();
    await t.throwsAsync(write(one, [() => {}]), { code: 'ERR_MULTIPROC_SERIALIZE' });
    const [third, fourth] = Pipe();
    fourth.close();
    await t.throwsAsync(write(third, [1]), { code: 'ERR_MULTIPROC_CHANNEL_CLOSED' });
  });

  test.serial(
    `a wait that is pending when the other direction's stream of ${kind} ends is an end of file`,
    async (t) => {
      const [one, other] = Pipe();
      const waits = [other.recv(), other.poll(), wait([other])];
      await write(one, []);
      await t.throwsAsync(waits[0], EOF);
      t.true(await waits[1]);
      t.deepEqual(await waits[2], [other]);
    },
  );
}

test.serial('streams of both kinds go through another process, and both directions end', async (t) => {
  const [mine, theirs] = Pipe();
  const child = new Process(streamsBack, { args: [theirs] }).start();
  theirs.close();
  const writing = pipeline(ITEMS, mine.toWritable());
  t.deepEqual(await collect(mine.toReadableStream()), ITEMS);
  await writing;
  t.false(await child.result);
  await child.join();
});

test.serial('a stream that is destroyed or cancelled takes no message with it', async (t) => {
  const [one, other] = Pipe();
  const readable = other.toReadable();
  readable.resume();
  await one.send('for the stream');
  await once(readable, 'data');
  const gone = once(readable, 'close');
  readable.destroy();
  await gone;
  await one.send('for recv');
  t.is(await other.recv({ timeout: BOUND }), 'for recv');

  const reader = other.toReadableStream().getReader();
  const reading = reader.read();
  await reader.cancel();
  t.true((await reading).done);
  await one.send('for recv again');
  t.is(await other.recv({ timeout: BOUND }), 'for recv again');
});

test.serial('what a stream has taken and nobody has read goes back to the connection when it ends', async (t) => {
  const [one, other] = Pipe();
  for (const number of [0, 1, 2, 3, 4]) await one.send(number);
  const readable = other.toReadable();
  // Taken, and not in the stream yet.
  readable.read();
  readable.destroy();
  await once(readable, 'close');
  // In the stream.
  for await (const number of other.toReadable()) {
    t.is(number, 0);
    break;
  }
  const reader = other.toReadableStream().getReader();
  const reading = reader.read();
  await reader.cancel();
  t.true((await reading).done);
  for (const number of [1, 2, 3, 4]) t.is(other.tryRecv('lost'), number);
});

test.serial('null goes through streams of the web; one of Node.js refuses it and leaves it', async (t) => {
  const [one, other] = Pipe();
  await KINDS['the web'].write(one, [null, undefined, 0]);
  await t.throwsAsync(collect(other.toReadable()), { code: 'ERR_STREAM_NULL_VALUES' });
  t.deepEqual(await collect(other.toReadableStream()), [null, undefined, 0]);
});

test.serial('an aborted stream of the web sends nothing more, and the connection goes on', async (t) => {
  const [one, other] = Pipe({ highWaterMark: 1 });
  const writer = one.toWritableStream().getWriter();
  await writer.write('first');
  const second = writer.write('has to wait');
  await writer.abort(new Error('enough'));
  await t.throwsAsync(second, { message: /enough|aborted/ });
  t.is(await other.recv(), 'first');
  await one.send('after');
  t.is(await other.recv(), 'after');
});

test.serial('close during waits: every one ends at once, and no message is taken', async (t) => {
  const [one, other] = Pipe({ highWaterMark: 1 });
  const controller = new AbortController();
  await other.send('fills');
  const waits = [
    one.recv(),
    one.recv({ timeout: BOUND }),
    one.recv({ signal: controller.signal }),
    one.poll(),
    one.recvBytes(),
    one.recvBytesInto(Buffer.alloc(8)),
  ];
  t.is(await waits.shift(), 'fills');
  await one.send('fills');
  waits.push(one.send('no room'), wait([one]));
  one.on('error', (error) => t.fail(error.message));
  one.on('message', () => t.fail('none came'));
  await new Promise(setImmediate);
  one.close();
  for (const pending of waits) await t.throwsAsync(pending, CLOSED);
  // The listener's wait, too.
  await new Promise(setImmediate);
  t.is(await other.recv(), 'fills');
  await t.throwsAsync(other.recv(), EOF);
});

test.serial('a listener that throws: an uncaught exception with that error, and the next message comes', async (t) => {
  const program = `
    const { Pipe } = require(${JSON.stringify(MAIN)});
    const [one, other] = Pipe();
    process.on('uncaughtException', (error, origin) => console.log(error.message, origin));
    other.on('error', (error) => console.log('error', error));
    other.on('message', (message) => {
      console.log(message);
      if (message === 2) throw new Error('thrown for two');
      if (message === 3) one.close();
    });
    other.on('end', () => {
      throw new Error('thrown at the end');
    });
    for (const message of [1, 2, 3]) one.sendSync(message);
  `;
  const { code, stdout, stderr } = await run('-e', [program], { timeout: BOUND });
  t.is(code, 0, stderr);
  t.deepEqual(stdout.split('\n'), [
    '1',
    '2',
    'thrown for two uncaughtException',
    '3',
    'thrown at the end uncaughtException',
    '',
  ]);
  const uncaught = await run('-e', [program.replace('process.on(', 'void (')], { timeout: BOUND });
  t.not(uncaught.code, 0);
  t.regex(uncaught.stderr, /thrown for two/);
});
