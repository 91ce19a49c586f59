'use strict';
// Large buffers are copied once, into shared memory, and used there by who receives them: their memory comes back when
// they are collected, when nobody takes them, and when whoever has them is killed.

const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { isDeepStrictEqual } = require('node:util');
const v8 = require('node:v8');
const vm = require('node:vm');
const test = require('ava');
const { Lock, Pipe, PriorityQueue, Process, Queue, fork } = require('../..');
const native = require('../../lib/binding');
const { blocksAreBackTo, liveBlocks } = require('../fixtures/process/watch');
const { BOUND, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });
v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');

const MIB = 1 << 20;
const target = (name) => ({ module: path.join(__dirname, '..', 'fixtures', 'pipe', 'large.js'), export: name });
const patterned = (size, seed) => Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * seed) >> 3));
const liveBytes = () => native.domainInfo().liveBytes;

/** Collects until no more than that is in use. */
async function bytesAreBackTo(bytes) {
  const deadline = performance.now() + BOUND;
  while (liveBytes() > bytes && performance.now() < deadline) {
    collect();
    await delay(5);
  }
  return liveBytes();
}

function values() {
  const memory = new Float64Array(100_000).map((_, index) => index / 7);
  return [
    patterned(MIB, 3),
    { rows: [patterned(100_000, 5), patterned(70_000, 7)], name: 'two', lock: new Lock() },
    memory,
    new Uint16Array(memory.buffer, 2, 50_000),
    memory.buffer.slice(0, 65_536),
    'a long text '.repeat(100_000),
    patterned(16 * MIB + 1, 11),
  ];
}

const comparable = (value) => (value.lock instanceof Lock ? { ...value, lock: null } : value);
const areEqual = (found, value) => isDeepStrictEqual(comparable(found), comparable(value));

test.serial('large_values_come_back_equal_by_pipe_queue_and_fork', async (t) => {
  const [ours, theirs] = Pipe();
  const queues = [new Queue(), new Queue()];
  const children = [
    new Process(target('echo'), { args: [theirs] }).start(),
    new Process(target('echoQueue'), { args: queues }).start(),
  ];
  theirs.close();
  for (const value of values()) {
    await ours.send(value);
    t.true(areEqual(await ours.recv(), value));
    await queues[0].put(value);
    t.true(areEqual(await queues[1].get(), value));
  }
  ours.close();
  queues[0].shutdown();
  await Promise.all(children.map((child) => child.join()));
  t.deepEqual(
    children.map((child) => child.exitCode),
    [0, 0],
  );
  const child = fork(path.join(__dirname, '..', '..', 'bench', 'programs', 'echo.js'), [], {
    serialization: 'advanced',
  });
  for (const value of values()) {
    child.send(value);
    const [found] = await once(child, 'message');
    t.true(areEqual(found, value));
  }
  child.disconnect();
  await once(child, 'exit');
});

test.serial('a_sender_changes_its_buffer_after_sending_and_the_receiver_does_not_see_it', async (t) => {
  const [a, b] = Pipe();
  const bytes = Buffer.alloc(MIB, 1);
  await a.send([bytes, bytes.buffer]);
  bytes.fill(2);
  const [found, memory] = await b.recv();
  t.deepEqual([found[0], found[MIB - 1], new Uint8Array(memory)[0]], [1, 1, 1]);
  found[0] = 9;
  t.deepEqual([bytes[0], new Uint8Array(memory)[0]], [2, 1]);
});

test.serial('what_waits_for_room_is_as_it_was_when_it_was_sent', async (t) => {
  const queue = new Queue({ maxSize: 1 });
  queue.putSync(0);
  const bytes = Buffer.alloc(MIB, 1);
  const put = queue.put(bytes);
  bytes.fill(2);
  t.is(queue.getSync(), 0);
  await put;
  const found = queue.getSync();
  t.deepEqual([found[0], found[MIB - 1]], [1, 1]);
});

test.serial('queues_by_priority_and_with_acknowledgement_take_large_values', async (t) => {
  const queues = [new PriorityQueue(), new Queue({ ackMode: 'manual' })];
  for (const value of values()) {
    for (const queue of queues) await queue.put(value);
    t.true(areEqual(await queues[0].get(), value));
    const delivery = await queues[1].get();
    t.true(areEqual(delivery.value, value));
    delivery.ack();
  }
});

test.serial('large_buffers_count_in_a_queue_that_is_bounded_by_bytes', (t) => {
  const queue = new Queue({ maxBytes: 2 * MIB });
  t.true(queue.tryPut(Buffer.alloc(MIB)));
  t.true(queue.tryPut(Buffer.alloc(MIB)));
  t.true(queue.byteLength >= 2 * MIB);
  t.false(queue.tryPut(Buffer.alloc(MIB)));
  queue.tryGet();
  queue.tryGet();
  t.is(queue.byteLength, 0);
});

test.serial('memory_of_received_buffers_comes_back_when_they_are_collected', async (t) => {
  const [a, b] = Pipe();
  await a.send(1);
  await b.recv();
  collect();
  const before = await bytesAreBackTo(liveBytes());
  let kept = [];
  for (let count = 0; count < 8; count += 1) {
    await a.send(Buffer.alloc(MIB, count));
    kept.push(await b.recv());
  }
  t.true(liveBytes() >= before + 8 * MIB);
  t.deepEqual(
    kept.map((bytes) => bytes[MIB - 1]),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  kept = null;
  t.true((await bytesAreBackTo(before)) <= before);
});

test.serial('a_thousand_large_messages_that_nobody_keeps_do_not_fill_the_memory', async (t) => {
  const [a, b] = Pipe();
  const before = liveBytes();
  const bytes = Buffer.alloc(4 * MIB, 1);
  for (let count = 0; count < 1000; count += 1) {
    await a.send(bytes);
    t.is((await b.recv()).length, bytes.length);
    if (count % 50 === 0) t.true(liveBytes() < before + 1024 * MIB);
  }
});

test.serial('who_keeps_more_than_512_MiB_has_copies_of_the_rest', async (t) => {
  const [a, b] = Pipe();
  for (let count = 0; count < 3; count += 1) {
    collect();
    await delay(5);
  }
  const before = liveBytes();
  const bytes = Buffer.alloc(64 * MIB);
  let kept = [];
  const live = [];
  for (let count = 0; count < 9; count += 1) {
    bytes.fill(count + 1);
    await a.send(bytes);
    kept.push(await b.recv());
    live.push(liveBytes() - before);
  }
  // Those of 64 MiB have each a little more than that in shared memory, for their message: seven, and not nine.
  t.true(live[6] >= 7 * bytes.length, `${live}`);
  t.is(live[8], live[7], `${live}`);
  t.deepEqual(
    kept.map((found) => [found.length, found[0], found[found.length - 1]]),
    kept.map((_, index) => [bytes.length, index + 1, index + 1]),
  );
  kept = null;
  t.true((await bytesAreBackTo(before)) <= before);
});

test.serial('a_receiver_that_is_killed_gives_the_memory_of_its_buffers_back', async (t) => {
  const before = await liveBlocks();
  const [ours, theirs] = Pipe();
  const child = new Process(target('keeps'), { args: [theirs] }).start();
  theirs.close();
  await ours.send(Buffer.alloc(MIB));
  t.is(await ours.recv(), MIB);
  child.kill();
  await child.join();
  ours.close();
  await blocksAreBackTo(before);
  t.pass();
});

test.serial('large_messages_that_nobody_takes_end_with_their_pipe', async (t) => {
  const before = await liveBlocks();
  const [a, b] = Pipe();
  await a.send([Buffer.alloc(MIB), new Lock(), Buffer.alloc(MIB)]);
  a.close();
  b.close();
  await blocksAreBackTo(before);
  t.pass();
});

test.serial('transferred_buffers_arrive_and_are_empty_at_the_sender_when_they_were_sent', async (t) => {
  const [a, b] = Pipe();
  const queue = new Queue();
  for (const size of [16, MIB]) {
    const [first, second] = [new Uint8Array(size).fill(1), new Uint8Array(size).fill(2)];
    await a.send({ first }, { transfer: [first.buffer] });
    await queue.put(second, { transfer: [second.buffer] });
    t.deepEqual([first.length, second.length], [0, 0]);
    const [found, put] = [(await b.recv()).first, await queue.get()];
    t.deepEqual([found.length, found[size - 1], put.length, put[size - 1]], [size, 1, size, 2]);
    // What was received can be given away as well.
    await b.send(found, { transfer: [found.buffer] });
    t.is(found.length, 0);
    t.is((await a.recv())[size - 1], 1);
  }
});

test.serial('what_is_not_sent_is_not_given_away', async (t) => {
  const queue = new Queue({ maxSize: 1 });
  queue.putSync(0);
  const bytes = new Uint8Array(MIB);
  const options = { transfer: [bytes.buffer] };
  await t.throwsAsync(queue.put(bytes, { ...options, timeout: 1 }), { code: 'ERR_MULTIPROC_QUEUE_FULL' });
  await t.throwsAsync(queue.put([bytes, () => {}], options), { code: 'ERR_MULTIPROC_SERIALIZE' });
  t.is(bytes.length, MIB);
  const message = /"transfer\[1\]" must be an ArrayBuffer, but was an instance of Uint8Array$/;
  await t.throwsAsync(queue.put(1, { transfer: [bytes.buffer, bytes] }), { message });
  for (const transfer of [bytes.buffer, [bytes], [new SharedArrayBuffer(1)], 'all']) {
    await t.throwsAsync(queue.put(1, { transfer }), { code: 'ERR_INVALID_ARG_TYPE', message: /transfer/ });
  }
});

test.serial('a_buffer_that_cannot_be_given_away_is_sent_and_stays', async (t) => {
  const [a, b] = Pipe();
  const pooled = Buffer.from('of the pool');
  await a.send(pooled, { transfer: [pooled.buffer] });
  t.is(String(await b.recv()), 'of the pool');
  t.is(String(pooled), 'of the pool');
});
