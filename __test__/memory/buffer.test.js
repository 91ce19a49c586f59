'use strict';
// sharedBuffer: memory that processes share, by whatever way it reaches them.

const path = require('node:path');
const { types } = require('node:util');
const { Worker } = require('node:worker_threads');
const test = require('ava');
const { Lock, Process, Semaphore, sharedBuffer } = require('../..');
const native = require('../../lib/binding');
const { blocksAreBackTo, liveBlocks } = require('../fixtures/process/watch');
const { kill, posted, ready, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

test.serial('smoke: a zeroed SharedArrayBuffer of the length asked for', (t) => {
  for (const length of [0, 1, 7, 64, 65, 4096, 4097, 1 << 20]) {
    const buffer = sharedBuffer(length);
    t.true(types.isSharedArrayBuffer(buffer));
    t.true(buffer instanceof SharedArrayBuffer);
    t.is(buffer.byteLength, length);
    t.true(new Uint8Array(buffer).every((byte) => byte === 0));
  }
});

test.serial('what one process writes the others see, and Atomics count across them', async (t) => {
  const buffer = sharedBuffer(64);
  const view = new Int32Array(buffer);
  const children = [1, 2, 3].map((number) =>
    new Process(
      (shared, own) => {
        const words = new Int32Array(shared);
        for (let count = 0; count < 5000; count += 1) Atomics.add(words, 0, 1);
        words[own] = process.pid;
        return shared.byteLength;
      },
      { args: [buffer, number] },
    ).start(),
  );
  t.deepEqual(await Promise.all(children.map(({ result }) => result)), [64, 64, 64]);
  t.is(view[0], 15_000);
  t.deepEqual(
    [...view.subarray(1, 4)],
    children.map(({ pid }) => pid),
  );
  await Promise.all(children.map((child) => child.join()));
});

test.serial('views travel as views: their place, their length and their kind', async (t) => {
  const buffer = sharedBuffer(256);
  const views = [
    new Uint8Array(buffer, 3, 5),
    new Float64Array(buffer, 16, 2),
    new BigInt64Array(buffer, 64, 1),
    new DataView(buffer, 101, 7),
    Buffer.from(buffer, 120, 10),
  ];
  const child = new Process(
    (received) => {
      const [bytes, floats, bigs, data, node] = received;
      bytes[0] = 11;
      floats[1] = 1.5;
      bigs[0] = -5n;
      data.setUint8(6, 13);
      node[9] = 17;
      const shared = received.every((view) => view.buffer === bytes.buffer);
      const places = received.map((view) => [view.constructor.name, view.byteOffset, view.byteLength]);
      return { shared, places };
    },
    { args: [views] },
  ).start();
  const { shared, places } = await child.result;
  t.true(shared, 'all are views of one buffer');
  t.deepEqual(places, [
    ['Uint8Array', 3, 5],
    ['Float64Array', 16, 16],
    ['BigInt64Array', 64, 8],
    ['DataView', 101, 7],
    ['Buffer', 120, 10],
  ]);
  const bytes = new Uint8Array(buffer);
  t.deepEqual([bytes[3], bytes[107], bytes[129]], [11, 13, 17]);
  t.is(views[1][1], 1.5);
  t.is(views[2][0], -5n);
  await child.join();
});

test.serial('a buffer comes back from a process as the same object', async (t) => {
  const buffer = sharedBuffer(16);
  const child = new Process((shared) => ({ shared, part: new Uint8Array(shared, 4, 2) }), { args: [buffer] }).start();
  const { shared, part } = await child.result;
  t.is(shared, buffer);
  t.is(part.buffer, buffer);
  t.is(part.byteOffset, 4);
  await child.join();
});

test.serial('a buffer made by a process outlives it', async (t) => {
  const child = new Process(async () => {
    const { sharedBuffer: make } = require('multiproc');
    const view = new Uint8Array(make(100));
    view.fill(9);
    return view;
  }).start();
  const view = await child.result;
  await child.join();
  t.is(view.length, 100);
  t.true(view.every((byte) => byte === 9));
});

test.serial('a buffer posted to a worker thread is shared there, and goes on from there to a process', async (t) => {
  const buffer = sharedBuffer(64);
  const file = path.join(__dirname, '..', 'fixtures', 'memory', 'thread.js');
  const worker = new Worker(file, { workerData: { buffer } });
  t.teardown(() => worker.terminate());
  const { result, same, error } = await posted(worker);
  t.is(error, undefined);
  t.deepEqual(result, [64, 8, 2]);
  t.deepEqual([...new Int32Array(buffer, 0, 4)], [1, 2, 3, 0]);
  new Int32Array(same)[3] = 4;
  t.is(new Int32Array(buffer)[3], 4, 'and back');
  await worker.terminate();
});

test.serial('a worker thread may drop its buffers and end while the main thread keeps them', async (t) => {
  const buffer = sharedBuffer(4096);
  new Uint8Array(buffer).fill(3);
  const worker = new Worker(
    "const { parentPort } = require('node:worker_threads');" +
      "parentPort.once('message', (b) => parentPort.postMessage(b.byteLength));",
    { eval: true },
  );
  worker.postMessage(buffer);
  t.is(await posted(worker), 4096);
  await worker.terminate();
  const others = Array.from({ length: 10 }, () => new Uint8Array(sharedBuffer(4096)).fill(1));
  t.is(others.length, 10);
  t.true(new Uint8Array(buffer).every((byte) => byte === 3));
});

test.serial('an ordinary SharedArrayBuffer cannot travel, and says where it stands', (t) => {
  const child = new Process(() => {}, { args: [{ deep: [new SharedArrayBuffer(8)] }] });
  const error = t.throws(() => child.start(), { code: 'ERR_MULTIPROC_SERIALIZE', message: /SharedArrayBuffer/ });
  t.is(error.path, 'args[0].deep[0]');
});

test.serial('lengths out of range or of the wrong kind throw with a code, and nothing is allocated', async (t) => {
  const before = await liveBlocks();
  for (const length of [-1, -2, 1.5, Number.NaN, Infinity, 2 ** 53]) {
    t.throws(() => sharedBuffer(length), { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' });
  }
  for (const length of [undefined, null, '8', 8n, {}]) {
    t.throws(() => sharedBuffer(length), { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' });
  }
  t.throws(() => sharedBuffer(8, 'name'), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => sharedBuffer(8, { name: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => sharedBuffer(8, { name: '' }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.is(await liveBlocks(), before);
});

test.serial('more than there is: an error with the sizes, and nothing changes', async (t) => {
  const before = await liveBlocks();
  const { byteLength } = native.domainInfo();
  for (const length of [byteLength, 2 ** 50, Number.MAX_SAFE_INTEGER]) {
    const error = t.throws(() => sharedBuffer(length), { name: 'MultiprocError', code: 'ERR_MULTIPROC_SHM_SPACE' });
    t.regex(error.message, new RegExp(`\\b${length} bytes`), 'what was asked for');
    t.regex(error.message, new RegExp(`\\b${byteLength} bytes`), 'what there is');
  }
  t.is(await liveBlocks(), before);
  t.is(sharedBuffer(100).byteLength, 100);
});

test.serial('names: the same memory everywhere; another size or kind is refused', async (t) => {
  const first = sharedBuffer(100, { name: 'named' });
  t.is(sharedBuffer(100, { name: 'named' }), first);
  new Uint8Array(first)[99] = 7;
  const child = new Process(() => {
    const { sharedBuffer: open } = require('multiproc');
    const view = new Uint8Array(open(100, { name: 'named' }));
    view[0] = 8;
    return view[99];
  }).start();
  t.is(await child.result, 7);
  await child.join();
  t.is(new Uint8Array(first)[0], 8);
  const refused = { name: 'MultiprocError', code: 'ERR_MULTIPROC_NAME' };
  for (const size of [0, 1, 99, 101, 5000]) t.throws(() => sharedBuffer(size, { name: 'named' }), refused);
  t.regex(t.throws(() => sharedBuffer(1, { name: 'named' }), refused).message, /100 bytes, not 1;/);
  t.throws(() => new Lock({ name: 'named' }), refused);
  t.throws(() => new Semaphore(1, { name: 'named' }), refused);
  t.is(new Uint8Array(first)[99], 7);
});

test.serial('names: an empty buffer is found again', async (t) => {
  const first = sharedBuffer(0, { name: 'empty' });
  t.is(sharedBuffer(0, { name: 'empty' }), first);
  const child = new Process(() => require('multiproc').sharedBuffer(0, { name: 'empty' }).byteLength).start();
  t.is(await child.result, 0);
  await child.join();
});

test.serial('process_killed_while_it_holds_buffers_gives_them_back', async (t) => {
  const before = await liveBlocks();
  const child = await ready(t, (isReady) => {
    const { sharedBuffer: make } = require('multiproc');
    globalThis.kept = Array.from({ length: 100 }, () => make(10_000));
    isReady.release();
    return new Promise(() => setInterval(() => {}, 60_000));
  });
  t.true(native.domainInfo().liveBlocks >= before + 100);
  await kill(child);
  await blocksAreBackTo(before);
  t.pass();
});

test.serial('process_killed_that_shared_a_buffer_the_others_keep_it', async (t) => {
  const buffer = sharedBuffer(1000);
  const view = new Uint8Array(buffer);
  const child = await ready(
    t,
    (isReady, shared) => {
      new Uint8Array(shared).fill(5);
      isReady.release();
      return new Promise(() => setInterval(() => {}, 60_000));
    },
    buffer,
  );
  await kill(child);
  for (let index = 0; index < 20; index += 1) new Uint8Array(sharedBuffer(1000)).fill(1);
  t.true(view.every((byte) => byte === 5));
});

test.serial('process_killed_before_it_took_its_arguments_their_buffers_are_given_back', async (t) => {
  const before = await liveBlocks();
  await (async () => {
    const children = [];
    for (let index = 0; index < 5; index += 1) {
      const child = new Process(() => new Promise(() => setInterval(() => {}, 60_000)), {
        args: [sharedBuffer(1000), new Lock(), new Uint8Array(100_000)],
      }).start();
      child.result.catch(() => {});
      children.push(child);
      child.kill();
    }
    await Promise.all(children.map((child) => child.join()));
  })();
  await blocksAreBackTo(before);
  t.pass();
});
