'use strict';
// MessageQueue: priorities, bounds, waits in the event loop, other processes, limits of the system.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const { MessageQueue } = require('../..');
const { BOUND, warmUp } = require('../fixtures/socket/programs');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

const within = { timeout: BOUND };
const TIMEOUT = { code: 'ERR_MULTIPROC_TIMEOUT' };
const PACKAGE = JSON.stringify(path.join(__dirname, '../..'));
const names = new Set();

function openNew(t, options) {
  const name = `/multiproc-${process.pid}-${names.size}`;
  names.add(name);
  const queue = MessageQueue.open(name, { exclusive: true, ...options });
  t.teardown(() => {
    queue.close();
    queue.unlink();
  });
  return queue;
}

/** Another program that has `queue`, opened. */
function startProgram(t, queue, code) {
  const text = `const { MessageQueue } = require(${PACKAGE});
    const queue = MessageQueue.open(${JSON.stringify(queue.name)});
    (async () => { ${code} })();`;
  const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended };
}

const texts = async (queue, count) => {
  const found = [];
  for (let n = 0; n < count; n += 1) found.push(`${(await queue.receive(within)).data}`);
  return found;
};

test.serial('smoke: the highest priority first, within one the oldest; strings, bytes, nothing', async (t) => {
  const queue = openNew(t, { maxMessages: 5, messageSize: 16 });
  t.deepEqual(queue.attributes, { maxMessages: 5, messageSize: 16, currentMessages: 0 });
  await queue.send('ä');
  await queue.send(new Uint16Array([0x4141]), { priority: 32_767 });
  t.true(queue.trySend(Buffer.from('third'), { priority: 3 }));
  t.true(queue.trySend(new DataView(new ArrayBuffer(0)), { priority: 3 }));
  t.is(queue.attributes.currentMessages, 4);
  const first = await queue.receive();
  t.true(Buffer.isBuffer(first.data));
  t.deepEqual(first, { data: Buffer.from('AA'), priority: 32_767 });
  t.deepEqual(await texts(queue, 3), ['third', '', 'ä']);
  t.is(queue.tryReceive(), undefined);
});

test.serial('waits: timeouts, signals, order, and what gives up takes and sends nothing', async (t) => {
  const queue = openNew(t, { maxMessages: 1, messageSize: 8 });
  for (const timeout of [0, -1, 15]) await t.throwsAsync(queue.receive({ timeout }), TIMEOUT);
  const controller = new AbortController();
  const calls = [queue.receive(within), queue.receive({ signal: controller.signal }), queue.receive(within)];
  t.is(queue.tryReceive(), undefined);
  controller.abort(new Error('why'));
  t.is((await t.throwsAsync(calls[1], { code: 'ABORT_ERR' })).cause.message, 'why');
  await queue.send('1');
  await queue.send('2', within);
  t.deepEqual(
    (await Promise.all([calls[0], calls[2]])).map(({ data }) => `${data}`),
    ['1', '2'],
  );

  await queue.send('full');
  t.false(queue.trySend('no'));
  for (const timeout of [0, 15]) await t.throwsAsync(queue.send('late', { timeout }), TIMEOUT);
  const bytes = Buffer.from('before');
  const sends = [queue.send(bytes, within), queue.send('then', { ...within, priority: 5 })];
  bytes.write('after!');
  t.deepEqual(await texts(queue, 3), ['full', 'before', 'then']);
  await Promise.all(sends);
});

test.serial('between processes: 2000 messages through room for 4, both sides wait', async (t) => {
  const queue = openNew(t, { maxMessages: 4, messageSize: 16 });
  const count = 2000;
  const { ended } = startProgram(t, queue, `for (let n = 0; n < ${count}; n += 1) await queue.send(String(n));`);
  for (let n = 0; n < count; n += 1) t.is(`${(await queue.receive(within)).data}`, `${n}`);
  t.deepEqual(await ended, [0, null]);
});

test.serial('two processes that wait for the same queue get each message once', async (t) => {
  const queue = openNew(t, { maxMessages: 8, messageSize: 16 });
  const take = `let line = ''; for (;;) { const { data } = await queue.receive(); if (data.length === 0) break; line += data + ' '; }
    console.log(line);`;
  const programs = [startProgram(t, queue, take), startProgram(t, queue, take)];
  const lines = programs.map(async ({ child }) => {
    let text = '';
    for await (const chunk of child.stdout) text += chunk;
    return text.trim().split(' ').filter(Boolean).map(Number);
  });
  for (let n = 0; n < 300; n += 1) await queue.send(`${n}`, within);
  for (const _ of programs) await queue.send('', within);
  const taken = (await Promise.all(lines)).flat().sort((a, b) => a - b);
  t.deepEqual(
    taken,
    Array.from({ length: 300 }, (_, n) => n),
  );
});

test.serial(
  'a sender that is killed leaves what it sent, a receiver that is killed takes nothing with it',
  async (t) => {
    const queue = openNew(t, { maxMessages: 4, messageSize: 16 });
    const waits = startProgram(t, queue, `queue.receive(); console.log('waits');`);
    await once(waits.child.stdout, 'data');
    waits.child.kill('SIGKILL');
    await waits.ended;
    const sends = startProgram(t, queue, `await queue.send('left'); process.kill(process.pid, 'SIGKILL');`);
    t.deepEqual(await sends.ended, [null, 'SIGKILL']);
    t.is(`${(await queue.receive(within)).data}`, 'left');
  },
);

test.serial('close: calls that wait reject, twice is fine, the queue stays; unlink twice is fine', async (t) => {
  const queue = openNew(t, { maxMessages: 1, messageSize: 8 });
  await queue.send('kept');
  const other = MessageQueue.open(queue.name);
  const sending = other.send('never');
  other.close();
  other.close();
  const closed = { code: 'ERR_MULTIPROC_CLOSED' };
  await t.throwsAsync(sending, closed);
  await t.throwsAsync(other.receive(), closed);
  t.throws(() => other.trySend('x'), closed);
  t.throws(() => other.tryReceive(), closed);
  t.throws(() => other.attributes, closed);
  other[Symbol.dispose]();
  t.is(`${queue.tryReceive().data}`, 'kept');
  const receiving = queue.receive();
  queue.unlink();
  queue.unlink();
  t.throws(() => MessageQueue.open(queue.name), { code: 'ENOENT', message: /create: true/ });
  t.throws(() => MessageQueue.unlink(queue.name), { code: 'ENOENT' });
  await queue.send('x');
  t.is(`${(await receiving).data}`, 'x', 'it works without its name');
});

test.serial('what the system refuses is told with its code, call, name and limits', (t) => {
  const queue = openNew(t);
  t.deepEqual(queue.attributes, { maxMessages: 10, messageSize: 8192, currentMessages: 0 });
  const exists = t.throws(() => MessageQueue.open(queue.name, { exclusive: true }), { code: 'EEXIST' });
  t.deepEqual([exists.errno, exists.syscall, exists.path], [-17, 'mq_open', queue.name]);
  MessageQueue.open(queue.name, { create: true, maxMessages: 3 }).close();
  const [uid, limit] = [process.getuid(), fs.readFileSync('/proc/sys/fs/mqueue/msg_max', 'utf8').trim()];
  const tooMuch = t.throws(() =>
    MessageQueue.open(`${queue.name}-big`, { create: true, maxMessages: 65_536, messageSize: 2 ** 24 }),
  );
  // Root may have more messages than the setting says, and is stopped by the memory.
  if (uid === 0) t.true(['EINVAL', 'EMFILE', 'ENOMEM', 'EOVERFLOW'].includes(tooMuch.code), tooMuch.message);
  else t.true(tooMuch.message.includes(`at most ${limit} messages`), tooMuch.message);
});

test('wrong arguments throw with codes', async (t) => {
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  const value = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' };
  const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
  for (const name of ['', 'x', '/', '/a/b', '/a\0', '/.', '/..', `/${'x'.repeat(256)}`]) {
    t.throws(() => MessageQueue.open(name), value, name);
  }
  t.throws(() => MessageQueue.open(1), type);
  for (const options of [1, { create: 1 }, { mode: '1' }]) t.throws(() => MessageQueue.open('/x', options), type);
  for (const options of [{ maxMessages: 0 }, { messageSize: 2 ** 25 }, { mode: 0o1000 }]) {
    t.throws(() => MessageQueue.open('/x', { create: true, ...options }), range);
  }
  const queue = openNew(t, { messageSize: 4 });
  await t.throwsAsync(queue.send(1), type);
  await t.throwsAsync(queue.send('a', { priority: 32_768 }), range);
  await t.throwsAsync(queue.send('a', { timeout: 'x' }), type);
  await t.throwsAsync(queue.send('abcde'), { code: 'ERR_MULTIPROC_MESSAGE_SIZE' });
  t.throws(() => queue.trySend('abcde'), { code: 'ERR_MULTIPROC_MESSAGE_SIZE' });
  t.is(queue.attributes.currentMessages, 0);
});
