'use strict';
// Queues, pipes and wait(): between processes and by themselves, with their ends, streams and acknowledgements.

const assert = require('node:assert');
const { pipeline } = require('node:stream/promises');
const { Pipe, PriorityQueue, Process, Queue, wait } = require('multiproc');

async function works(queue, results) {
  for await (const { value, ack } of each(queue)) {
    await results.put(value * value);
    ack();
  }
  return 'done';

  async function* each(source) {
    for await (const delivery of source) yield { value: delivery.value, ack: () => delivery.ack() };
  }
}

async function echoes(connection) {
  await connection.toReadableStream().pipeTo(connection.toWritableStream());
}

async function queues() {
  const jobs = new Queue({ ackMode: 'manual', maxSize: 10 });
  const results = new Queue();
  const workers = [1, 2].map(() => new Process(works, { args: [jobs, results] }).start());
  for (let number = 0; number < 100; number += 1) await jobs.put(number);
  const got = [];
  while (got.length < 100) got.push(await results.get());
  assert.deepStrictEqual(
    got.sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, number) => number * number),
  );
  assert.strictEqual(await jobs.join({ timeout: 60_000 }), true);
  jobs.shutdown();
  for (const worker of workers) {
    assert.strictEqual(await worker.result, 'done');
    await worker.join();
  }

  const byPriority = new PriorityQueue({ maxSize: 3 });
  for (const [value, priority] of [['last', 5], ['first', -1], ['middle']]) byPriority.putSync(value, { priority });
  assert.strictEqual(byPriority.tryPut('too much'), false);
  assert.deepStrictEqual(
    [byPriority.getSync(), byPriority.getSync(), byPriority.getSync()],
    ['first', 'middle', 'last'],
  );
  const pending = byPriority.get();
  byPriority.close();
  await assert.rejects(pending, { code: 'ERR_MULTIPROC_CLOSED' });
}

async function pipes() {
  const [ours, theirs] = Pipe({ highWaterMark: 4096 });
  const child = new Process(echoes, { args: [theirs] }).start();
  theirs.close();
  const items = Array.from({ length: 500 }, (_, number) => ({ number, date: new Date(number) }));
  const got = [];
  await Promise.all([
    pipeline(items, ours.toWritable()),
    pipeline(ours.toReadable(), async (source) => {
      for await (const item of source) got.push(item);
    }),
  ]);
  assert.deepStrictEqual(got, items);
  await child.join();
  await assert.rejects(ours.recv(), { code: 'ERR_MULTIPROC_EOF' });

  const [one, other] = Pipe();
  await one.sendBytes(new Uint8Array([1, 2, 3]));
  assert.deepStrictEqual([...(await other.recvBytes())], [1, 2, 3]);
  const controller = new AbortController();
  const pending = [other.recv({ signal: controller.signal }), other.recv()];
  controller.abort();
  await assert.rejects(pending[0], { code: 'ABORT_ERR' });
  other.close();
  await assert.rejects(pending[1], { code: 'ERR_MULTIPROC_CLOSED' });
}

async function waits() {
  const [one, other] = Pipe();
  const queue = new Queue();
  const child = new Process(() => 1);
  assert.deepStrictEqual(await wait([other, queue], { timeout: 5 }), []);
  await assert.rejects(wait([other, queue, child]), { code: 'ERR_MULTIPROC_NOT_STARTED' });
  child.start();
  await child.join();
  assert.deepStrictEqual(await wait([other, queue, child]), [child]);
  const both = wait([other, queue]);
  await queue.put('item');
  assert.deepStrictEqual(await both, [queue]);
  one.close();
  assert.deepStrictEqual(await wait([other, queue]), [other, queue]);
}

async function main() {
  await queues();
  await pipes();
  await waits();
  console.log('ok');
}

main();
