'use strict';
// Queue and SimpleQueue: each item goes to exactly one of any number of threads and processes, in order. What becomes of
// items when processes are killed is in kills.test.js.

const path = require('node:path');
const test = require('ava');
const { Worker } = require('node:worker_threads');
// A wake-up that gets lost is a hang then, and no delay. Before anything of the package is loaded.
process.env.MULTIPROC_LOOK_AGAIN_MS = '60000';
const { Lock, Pipe, Process, Queue, Semaphore, SharedArray, SimpleQueue, sharedBuffer } = require('../..');
const native = require('../../lib/binding');
const { blocksAreBackTo, liveBlocks } = require('../fixtures/process/watch');
const { BOUND, asleep, delay, milliseconds, posted, ready, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

const MIB = 1 << 20;
const FULL = { name: 'QueueFullError', code: 'ERR_MULTIPROC_QUEUE_FULL' };
const EMPTY = { name: 'QueueEmptyError', code: 'ERR_MULTIPROC_QUEUE_EMPTY' };
const SHUT = { name: 'MultiprocError', code: 'ERR_MULTIPROC_QUEUE_CLOSED' };
const CLOSED = { name: 'MultiprocError', code: 'ERR_MULTIPROC_CLOSED' };
const TASK_DONE = { name: 'MultiprocError', code: 'ERR_MULTIPROC_TASK_DONE' };
const ABORTED = { name: 'AbortError', code: 'ABORT_ERR' };
const TYPE = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
const RANGE = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };

/** Says that it begins, and gets one item. */
function gets(begins, queue) {
  begins.release();
  return queue.getSync();
}

function awaits(begins, queue) {
  const item = queue.get();
  begins.release();
  return item;
}

/** What is in the queue now. */
function drain(queue) {
  const items = [];
  while (queue.size > 0) items.push(queue.getSync(0));
  return items;
}

/** Runs a target to its end. */
async function ran(target, ...args) {
  const child = new Process(target, { args }).start();
  const result = await child.result;
  await child.join();
  return result;
}

test.serial('smoke: items are put and got in every way, in order', async (t) => {
  const queue = new Queue();
  t.is(await queue.put(1), undefined);
  t.is(queue.putSync(2), undefined);
  t.true(queue.tryPut(3));
  await queue.put(4, { timeout: 0 });
  queue.putSync(5, 0);
  t.is(queue.size, 5);
  t.false(queue.empty);
  t.true(queue.byteLength > 0);
  t.is(await queue.get(), 1);
  t.is(queue.getSync(), 2);
  t.is(queue.tryGet(), 3);
  t.is(await queue.get({ timeout: 0 }), 4);
  t.is(queue.getSync(0), 5);
  t.is(queue.tryGet(), undefined);
  t.is(queue.tryGet('otherwise'), 'otherwise');
  t.is(queue.size, 0);
  t.is(queue.byteLength, 0);
  t.true(queue.empty);
  t.false(queue.full);
  t.is(queue.unfinished, 5);
  queue.close();
});

test.serial('what a queue was made with is told, and nothing is a limit unless given', async (t) => {
  const queue = new Queue();
  t.is(queue.name, undefined);
  t.is(queue.maxSize, 0);
  t.is(queue.maxBytes, 0);
  t.is(queue.ackMode, 'auto');
  t.false(queue.isShutDown);
  const limited = new Queue({ name: 'limited', maxSize: 2, maxBytes: 5000, ackMode: 'manual' });
  const told = await ran((there) => [there.name, there.maxSize, there.maxBytes, there.ackMode], limited);
  t.deepEqual(told, ['limited', 2, 5000, 'manual']);
  const simple = new SimpleQueue();
  t.true(simple instanceof Queue);
  t.is(simple.maxSize, 0);
  t.is(new SimpleQueue({ name: 'simple' }).name, 'simple');
  for (let count = 0; count < 1000; count += 1) simple.putSync(count);
  t.deepEqual(
    drain(simple),
    Array.from({ length: 1000 }, (_, count) => count),
  );
});

test.serial('full: as many items as maxSize, or at least as many bytes as maxBytes', (t) => {
  const bySize = new Queue({ maxSize: 2 });
  bySize.putSync('a');
  t.false(bySize.full);
  bySize.putSync('b');
  t.true(bySize.full);
  t.false(bySize.tryPut('c'));
  bySize.getSync();
  t.false(bySize.full);
  const byBytes = new Queue({ maxBytes: 1000 });
  byBytes.putSync(Buffer.alloc(500));
  t.false(byBytes.full);
  byBytes.putSync(Buffer.alloc(5000));
  t.true(byBytes.full, 'what goes beyond the limit is taken while there is room at all');
  t.true(byBytes.byteLength > 5500);
  t.false(byBytes.tryPut(''));
  t.is(byBytes.getSync().length, 500);
  t.false(byBytes.tryPut(''));
  t.is(byBytes.getSync().length, 5000);
  t.true(byBytes.tryPut(''));
});

test.serial('arguments out of range or of the wrong kind throw with a code and change nothing', async (t) => {
  for (const options of [1, 'x', null, []]) t.throws(() => new Queue(options), TYPE);
  for (const maxSize of ['1', null, 1n]) t.throws(() => new Queue({ maxSize }), TYPE);
  for (const maxSize of [-1, 1.5, Number.NaN, Infinity, 2 ** 32]) t.throws(() => new Queue({ maxSize }), RANGE);
  for (const maxBytes of [-1, 0.5, 2 ** 53]) t.throws(() => new Queue({ maxBytes }), RANGE);
  const value = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_VALUE' };
  for (const ackMode of ['yes', true, null]) t.throws(() => new Queue({ ackMode }), value);
  t.throws(() => new Queue({ name: 'x'.repeat(201) }), value);
  t.throws(() => new SimpleQueue(7), TYPE);
  const queue = new Queue();
  queue.putSync('stays');
  for (const timeout of ['1', null, {}]) {
    t.throws(() => queue.getSync(timeout), TYPE);
    t.throws(() => queue.putSync(1, timeout), TYPE);
    t.throws(() => queue.joinSync(timeout), TYPE);
    await t.throwsAsync(queue.get({ timeout }), TYPE);
    await t.throwsAsync(queue.put(1, { timeout }), TYPE);
    await t.throwsAsync(queue.join({ timeout }), TYPE);
  }
  t.throws(() => queue.getSync(Number.NaN), RANGE);
  for (const options of [1, null, { signal: 'x' }]) {
    await t.throwsAsync(queue.get(options), TYPE);
    await t.throwsAsync(queue.put(1, options), TYPE);
    await t.throwsAsync(queue.join(options), TYPE);
  }
  t.throws(() => queue.shutdown(1), TYPE);
  t.deepEqual(drain(queue), ['stays']);
});

// CPython case 13.
test.serial('put to a full queue: refused at once without a timeout, and never before its time with one', async (t) => {
  const queue = new Queue({ maxSize: 6 });
  for (let count = 0; count < 6; count += 1) queue.putSync(count);
  t.true(queue.full);
  t.false(queue.tryPut(6));
  for (const timeout of [0, -1, -Infinity]) {
    t.throws(() => queue.putSync(6, timeout), FULL);
    await t.throwsAsync(queue.put(6, { timeout }), FULL);
  }
  for (const timeout of [30, 120]) {
    for (const put of [async () => queue.putSync(6, timeout), () => queue.put(6, { timeout })]) {
      const begun = milliseconds();
      await t.throwsAsync(put(), { ...FULL, message: new RegExp(`${timeout} ms`) });
      t.true(milliseconds() - begun >= timeout - 0.1);
    }
  }
  t.deepEqual(drain(queue), [0, 1, 2, 3, 4, 5]);
  t.is(queue.unfinished, 6, 'what was not put is nobody’s work');
});

// CPython case 14.
test.serial(
  'get from an empty queue: refused at once without a timeout, and never before its time with one',
  async (t) => {
    const queue = new Queue();
    for (const timeout of [0, -1, -Infinity]) {
      t.throws(() => queue.getSync(timeout), EMPTY);
      await t.throwsAsync(queue.get({ timeout }), EMPTY);
    }
    for (const timeout of [30, 200]) {
      for (const get of [async () => queue.getSync(timeout), () => queue.get({ timeout })]) {
        const begun = milliseconds();
        await t.throwsAsync(get(), { ...EMPTY, message: new RegExp(`${timeout} ms`) });
        t.true(milliseconds() - begun >= timeout - 0.1);
      }
    }
    queue.putSync('later');
    await delay(5);
    t.is(queue.size, 1, 'no get that gave up takes it');
    t.is(queue.getSync(0), 'later');
  },
);

test.serial('abort before: nothing is put, nothing is got', async (t) => {
  const queue = new Queue();
  queue.putSync('stays');
  const signal = AbortSignal.abort('why');
  for (const wait of [queue.get({ signal }), queue.put('more', { signal }), queue.join({ signal })]) {
    const error = await t.throwsAsync(wait, ABORTED);
    t.is(error.cause, 'why');
  }
  t.deepEqual(drain(queue), ['stays']);
});

test.serial('abort during: rejects with the reason as cause, and no item is taken or put', async (t) => {
  const empty = new Queue();
  const full = new Queue({ maxSize: 1 });
  full.putSync('first');
  const controller = new AbortController();
  const { signal } = controller;
  const waits = [empty.get({ signal }), full.put('second', { signal }), full.join({ signal })];
  await delay(5);
  const reason = new Error('no longer wanted');
  controller.abort(reason);
  for (const wait of waits) {
    const error = await t.throwsAsync(wait, ABORTED);
    t.is(error.cause, reason);
  }
  empty.putSync('for nobody yet');
  await delay(5);
  t.deepEqual(drain(empty), ['for nobody yet']);
  t.deepEqual(drain(full), ['first']);
  t.is(full.unfinished, 1);
});

test.serial(
  'abort in the moment of a put: the item is got by that wait or stays, never both nor neither',
  async (t) => {
    const counts = { got: 0, stayed: 0 };
    for (let round = 0; round < 200; round += 1) {
      const queue = new Queue();
      const controller = new AbortController();
      const got = queue.get({ signal: controller.signal }).catch((error) => error.code);
      if (round % 2 === 0) queue.putSync(round);
      else {
        queue.put(round);
        await null;
      }
      if (round % 4 > 1) await new Promise(setImmediate);
      controller.abort();
      const outcome = await got;
      const left = drain(queue);
      if (outcome === 'ABORT_ERR') {
        counts.stayed += 1;
        t.deepEqual(left, [round]);
      } else {
        counts.got += 1;
        t.is(outcome, round);
        t.deepEqual(left, []);
      }
      queue.close();
    }
    t.log(counts);
  },
);

test.serial('several gets of one thread each get one item, and so do those of several processes', async (t) => {
  const queue = new Queue();
  const here = [1, 2, 3].map(() => queue.get({ timeout: BOUND }));
  const others = [];
  for (const target of [gets, awaits, gets]) others.push(await ready(t, target, queue));
  for (const { pid } of others) await asleep(pid);
  for (let count = 0; count < 6; count += 1) queue.putSync(count);
  const got = await Promise.all([...here, ...others.map(({ result }) => result)]);
  t.deepEqual(
    got.sort((one, other) => one - other),
    [0, 1, 2, 3, 4, 5],
  );
  t.is(queue.size, 0);
  t.is(queue.tryGet('nothing'), 'nothing');
});

test.serial('puts that wait in several processes are let in one by one, and all arrive', async (t) => {
  const queue = new Queue({ maxSize: 1 });
  queue.putSync('first');
  const putters = [];
  for (let count = 0; count < 3; count += 1) {
    putters.push(
      await ready(
        t,
        async (begins, there, number) => {
          if (number % 2 === 0) {
            begins.release();
            there.putSync(number);
          } else {
            const put = there.put(number);
            begins.release();
            await put;
          }
        },
        queue,
        count,
      ),
    );
  }
  for (const { pid } of putters) await asleep(pid);
  const here = queue.put('here', { timeout: BOUND });
  t.is(queue.size, 1);
  const got = [];
  for (let count = 0; count < 5; count += 1) {
    got.push(await queue.get({ timeout: BOUND }));
    t.true(queue.size <= 1);
  }
  await Promise.all([here, ...putters.map(({ result }) => result)]);
  t.is(got[0], 'first');
  t.deepEqual(got.slice(1).map(String).sort(), ['0', '1', '2', 'here']);
  t.is(queue.size, 0);
});

test.serial('room for many after one get: every put that waits goes on', async (t) => {
  const queue = new Queue({ maxBytes: 1000 });
  queue.putSync(Buffer.alloc(2000));
  const putters = [];
  for (let count = 0; count < 3; count += 1) {
    putters.push(
      await ready(
        t,
        (begins, there) => {
          begins.release();
          there.putSync('small');
        },
        queue,
      ),
    );
  }
  for (const { pid } of putters) await asleep(pid);
  t.is(queue.getSync().length, 2000);
  await Promise.all(putters.map(({ result }) => result));
  t.deepEqual(drain(queue), ['small', 'small', 'small']);
});

test.serial('what is put is what the value was at the call, however long the put waits', async (t) => {
  const queue = new Queue({ maxSize: 1 });
  queue.putSync('first');
  const value = { text: 'as it was', list: [1] };
  const put = queue.put(value);
  value.text = 'changed';
  value.list.push(2);
  // The packer's memory is used for others meanwhile.
  for (let count = 0; count < 10; count += 1) t.false(queue.tryPut({ text: 'x'.repeat(1000) }));
  t.is(queue.getSync(), 'first');
  await put;
  t.deepEqual(queue.getSync(), { text: 'as it was', list: [1] });
});

test.serial('values of every kind come out as they were', async (t) => {
  const cyclic = { name: 'itself' };
  cyclic.self = cyclic;
  const values = [
    undefined,
    null,
    true,
    0,
    -0,
    1.5,
    Number.NaN,
    -Infinity,
    12345678901234567890n,
    '',
    'text \u{1f600} \0',
    'x'.repeat(100_000),
    new Date(86_400_000),
    /a(b)?/giu,
    [],
    {},
    { a: { b: [new Map([[1, new Set(['x'])]])] } },
    Buffer.from('bytes'),
    Buffer.alloc(0),
    new Float64Array([1.5, Number.NaN]),
    new Uint8Array(new ArrayBuffer(16), 4, 8),
    new DataView(new ArrayBuffer(3)),
    cyclic,
  ];
  const queue = new Queue();
  for (const value of values) queue.putSync(value);
  t.is(queue.size, values.length);
  for (const value of values) t.deepEqual(queue.getSync(0), value);
  const error = Object.assign(new RangeError('told'), { code: 'E_CODE', cause: new Error('deeper') });
  await queue.put(error);
  const got = await queue.get();
  t.true(got instanceof RangeError);
  t.is(got.message, 'told');
  t.is(got.code, 'E_CODE');
  t.is(got.cause.message, 'deeper');
  // With these `undefined` is an item, and no absence of one.
  queue.putSync(undefined);
  t.is(queue.tryGet('otherwise'), undefined);
});

test.serial('shared objects inside items are the same ones, with whoever gets them', async (t) => {
  const queue = new Queue();
  const [lock, inner, [mine, other]] = [new Lock(), new Queue({ maxSize: 3 }), Pipe()];
  const { view } = new SharedArray('i32', 4);
  const bytes = new Uint8Array(sharedBuffer(10));
  lock.acquireSync();
  queue.putSync({ lock, inner, view, deep: [{ other, bytes }] });
  other.close();
  mine.sendSync(1);
  await ran((there) => {
    const { lock: theLock, inner: theInner, view: theView, deep } = there.getSync();
    theView[1] = 42;
    deep[0].bytes[2] = 7;
    theInner.putSync({ isLocked: theLock.locked, isMine: theLock.tryAcquire(), maxSize: theInner.maxSize });
    deep[0].other.sendSync(deep[0].other.recvSync() + 1);
  }, queue);
  t.deepEqual(inner.getSync(0), { isLocked: true, isMine: false, maxSize: 3 });
  t.is(view[1], 42);
  t.is(bytes[2], 7);
  t.is(await mine.recv({ timeout: BOUND }), 2);
  await t.throwsAsync(mine.recv({ timeout: BOUND }), { code: 'ERR_MULTIPROC_EOF' });
  lock.release();
});

test.serial('a queue inside of itself, and objects that are in two items', (t) => {
  const queue = new Queue();
  const lock = new Lock();
  queue.putSync([queue, lock]);
  queue.putSync({ lock });
  const [itself, first] = queue.getSync();
  itself.putSync('through the other');
  const { lock: second } = queue.getSync();
  t.is(queue.getSync(0), 'through the other');
  first.acquireSync();
  t.true(second.locked && lock.locked);
  second.release();
});

test.serial('items of 16 MiB go to another process and back, whole', async (t) => {
  const [there, back] = [new Queue(), new Queue()];
  const child = await ready(
    t,
    (begins, one, other) => {
      begins.release();
      for (let count = 0; count < 2; count += 1) {
        const bytes = one.getSync();
        bytes.reverse();
        other.putSync(bytes);
      }
    },
    there,
    back,
  );
  const sent = Buffer.alloc(16 * MIB);
  for (let at = 0; at < sent.length; at += 997) sent[at] = at % 251;
  await there.put(sent);
  there.putSync(sent);
  const expected = Buffer.from(sent).reverse();
  for (let count = 0; count < 2; count += 1) {
    const got = await back.get({ timeout: BOUND });
    t.true(Buffer.isBuffer(got));
    t.is(Buffer.compare(got, expected), 0);
  }
  await child.result;
  t.is(there.byteLength + back.byteLength, 0);
});

test.serial('items of many sizes fill one segment after another, and keep their order', (t) => {
  const queue = new Queue();
  const sizes = Array.from({ length: 400 }, (_, count) => (count * 7919) % 40_000);
  for (let round = 0; round < 2; round += 1) {
    for (const size of sizes) queue.putSync(Buffer.alloc(size, size % 256));
    t.is(queue.size, sizes.length);
    for (const size of sizes) {
      const got = queue.getSync(0);
      if (got.length !== size || !got.every((byte) => byte === size % 256)) t.fail(`an item of ${size} bytes`);
    }
    t.is(queue.byteLength, 0);
  }
});

// CPython case 15.
test.serial('a child that puts and exits at once: everything is there, behind what was there before', async (t) => {
  const queue = new Queue();
  for (let count = 0; count < 10; count += 1) queue.putSync(count);
  const child = new Process(
    async (there) => {
      for (let count = 10; count < 20; count += 1) await there.put(count);
      process.exit(0);
    },
    { args: [queue] },
  ).start();
  child.result.catch(() => {});
  t.is(await child.join(), true);
  t.deepEqual(
    drain(queue),
    Array.from({ length: 20 }, (_, count) => count),
  );
  t.throws(() => queue.getSync(0), EMPTY);
});

// CPython case 16.
test.serial('an item that cannot travel is refused itself, and the size stays right', async (t) => {
  const queue = new Queue({ maxSize: 1 });
  const bad = { deep: [{ callback: () => {} }] };
  const refused = { name: 'SerializationError', code: 'ERR_MULTIPROC_SERIALIZE' };
  const error = await t.throwsAsync(queue.put(bad), refused);
  t.is(error.path, 'value.deep[0].callback');
  t.throws(() => queue.putSync(bad), refused);
  t.throws(() => queue.tryPut(bad), refused);
  t.is(queue.size, 0);
  t.true(queue.empty);
  await queue.put(true, { timeout: 0 });
  t.is(queue.size, 1);
  t.throws(() => queue.tryPut(bad), refused, 'also when there is no room');
  t.is(queue.getSync(0), true);
  t.is(queue.size, 0);
  t.is(queue.unfinished, 1);
  const blocks = await liveBlocks();
  t.throws(() => queue.putSync([new Lock(), sharedBuffer(1000), () => {}]), refused);
  await blocksAreBackTo(blocks);
});

// CPython case 17.
for (const Class of [Queue, SimpleQueue]) {
  test.serial(`a closed ${Class.name} throws with a code whatever is called, twice is fine`, async (t) => {
    const queue = new Class();
    queue.putSync(1);
    queue.close();
    queue.close();
    for (const use of [
      () => queue.putSync(1),
      () => queue.tryPut(1),
      () => queue.getSync(),
      () => queue.tryGet(),
      () => queue.size,
      () => queue.byteLength,
      () => queue.empty,
      () => queue.full,
      () => queue.unfinished,
      () => queue.isShutDown,
      () => queue.taskDone(),
      () => queue.joinSync(),
      () => queue.shutdown(),
    ]) {
      t.throws(use, CLOSED);
    }
    for (const use of [queue.put(1), queue.get(), queue.join(), queue[Symbol.asyncIterator]().next()]) {
      await t.throwsAsync(use, CLOSED);
    }
    const error = t.throws(() => new Queue().putSync(queue), { code: 'ERR_MULTIPROC_SERIALIZE' });
    t.is(error.cause.code, 'ERR_MULTIPROC_CLOSED');
    t.is(queue.maxSize, 0, 'what it was made with is known');
    const disposed = new Class();
    disposed[Symbol.dispose]();
    t.throws(() => disposed.size, CLOSED);
  });

  test.serial(`a ${Class.name} that is shut down is drained, and takes nothing more`, async (t) => {
    const queue = new Class();
    for (const item of ['a', 'b', 'c']) queue.putSync(item);
    t.is(queue.shutdown(), undefined);
    t.true(queue.isShutDown);
    await t.throwsAsync(queue.put('d'), SHUT);
    t.throws(() => queue.putSync('d'), SHUT);
    t.throws(() => queue.tryPut('d'), SHUT);
    t.is(queue.size, 3);
    t.is(await queue.get(), 'a');
    t.is(queue.getSync(), 'b');
    t.is(queue.tryGet(), 'c');
    await t.throwsAsync(queue.get(), SHUT);
    t.throws(() => queue.getSync(), SHUT);
    t.throws(() => queue.getSync(0), SHUT);
    t.throws(() => queue.tryGet('otherwise'), SHUT);
    queue.shutdown();
    t.is(queue.unfinished, 3);
  });
}

// CPython case 18.
test.serial('join returns only after the last taskDone, one too many throws', async (t) => {
  const queue = new Queue();
  t.true(queue.joinSync(), 'there was nothing to do');
  t.true(await queue.join());
  t.throws(() => queue.taskDone(), TASK_DONE);
  const { view } = new SharedArray('i32', 1);
  const workers = [];
  for (let count = 0; count < 4; count += 1) {
    workers.push(
      await ready(
        t,
        async (begins, there, board, blocks) => {
          begins.release();
          for (;;) {
            const item = blocks ? there.getSync() : await there.get();
            if (item === null) return;
            await new Promise((resolve) => setTimeout(resolve, 5));
            Atomics.add(board, 0, 1);
            there.taskDone();
          }
        },
        queue,
        view,
        count % 2 === 0,
      ),
    );
  }
  for (let count = 0; count < 10; count += 1) queue.putSync(count);
  t.true(await queue.join({ timeout: BOUND }));
  t.is(view[0], 10);
  t.is(queue.unfinished, 0);
  t.throws(() => queue.taskDone(), TASK_DONE);
  for (let count = 0; count < 10; count += 1) queue.putSync(count);
  t.true(queue.joinSync(BOUND));
  t.is(view[0], 20);
  for (let count = 0; count < 4; count += 1) queue.putSync(null);
  await Promise.all(workers.map(({ result }) => result));
  t.is(queue.unfinished, 4);
  for (const join of [async () => queue.joinSync(30), () => queue.join({ timeout: 30 })]) {
    const begun = milliseconds();
    t.false(await join());
    t.true(milliseconds() - begun >= 29.9);
  }
});

test.serial('join in several processes: all go on when the work is done', async (t) => {
  const queue = new Queue();
  queue.putSync('work');
  const waiting = [];
  for (const blocks of [true, false]) {
    waiting.push(
      await ready(
        t,
        (begins, there, isBlocking) => {
          if (!isBlocking) {
            const joined = there.join();
            begins.release();
            return joined;
          }
          begins.release();
          return there.joinSync();
        },
        queue,
        blocks,
      ),
    );
  }
  for (const { pid } of waiting) await asleep(pid);
  queue.getSync();
  queue.taskDone();
  t.deepEqual(await Promise.all(waiting.map(({ result }) => result)), [true, true]);
});

// CPython case 19.
test.serial('a queue that goes to a child and from there to a grandchild: both put, both items arrive', async (t) => {
  const queue = new Queue();
  const multiproc = path.join(__dirname, '..', '..');
  await ran(
    async (there, main) => {
      const { Process: Started } = require(main);
      const grandchild = new Started((deeper) => deeper.putSync('grandchild'), { args: [there] }).start();
      await grandchild.result;
      await grandchild.join();
      there.putSync('child');
    },
    queue,
    multiproc,
  );
  t.deepEqual(drain(queue), ['grandchild', 'child']);
});

test.serial('shutdown wakes every wait in every process: gets end, puts are refused, join goes on', async (t) => {
  const [empty, full] = [new Queue(), new Queue({ maxSize: 1 })];
  full.putSync('stays');
  const waiting = [];
  for (const method of ['getSync', 'get', 'putSync', 'put']) {
    waiting.push(
      await ready(
        t,
        async (begins, there, name) => {
          const call = async () => (name.startsWith('get') ? there[name]() : there[name]('more'));
          if (name.endsWith('Sync')) begins.release();
          const called = call().catch((error) => error.code);
          if (!name.endsWith('Sync')) begins.release();
          return called;
        },
        method.startsWith('get') ? empty : full,
        method,
      ),
    );
  }
  for (const { pid } of waiting) await asleep(pid);
  const here = [empty.get(), full.put('here')].map((wait) => wait.catch((error) => error.code));
  empty.shutdown();
  full.shutdown();
  const codes = await Promise.all([...waiting.map(({ result }) => result), ...here]);
  t.deepEqual(codes, Array(6).fill('ERR_MULTIPROC_QUEUE_CLOSED'));
  t.is(full.getSync(), 'stays');
});

test.serial('shutdown at once: what is in the queue is not got any more, and nobody waits for it', async (t) => {
  const queue = new Queue({ maxSize: 3 });
  for (const item of ['a', 'b', 'c']) queue.putSync(item);
  const joined = queue.join();
  const put = queue.put('d');
  queue.shutdown({ immediate: true });
  await t.throwsAsync(put, SHUT);
  t.true(await joined);
  t.throws(() => queue.getSync(), SHUT);
  t.throws(() => queue.tryGet(), SHUT);
  await t.throwsAsync(queue.get(), SHUT);
  t.is(queue.size, 0);
  t.is(queue.byteLength, 0);
  const later = new Queue();
  later.putSync('a');
  later.shutdown();
  later.shutdown({ immediate: true });
  t.throws(() => later.getSync(), SHUT, 'also after a shutdown that waits');
  for await (const item of queue) t.fail(`got ${item}`);
});

test.serial('async iterator: processes share the items until the queue is shut down', async (t) => {
  const queue = new Queue();
  const readers = [];
  for (let count = 0; count < 2; count += 1) {
    readers.push(
      await ready(
        t,
        async (begins, there) => {
          begins.release();
          const got = [];
          for await (const item of there) got.push(item);
          return got;
        },
        queue,
      ),
    );
  }
  for (let count = 0; count < 100; count += 1) {
    queue.putSync(count);
    if (count % 10 === 0) await delay(1);
  }
  queue.shutdown();
  const lists = await Promise.all(readers.map(({ result }) => result));
  for (const list of lists) {
    t.deepEqual(
      list,
      [...list].sort((one, other) => one - other),
      'in order',
    );
  }
  t.deepEqual(
    lists.flat().sort((one, other) => one - other),
    Array.from({ length: 100 }, (_, count) => count),
  );
});

test.serial('async iterator: break leaves the rest in the queue', async (t) => {
  const queue = new Queue();
  for (let count = 0; count < 5; count += 1) queue.putSync(count);
  for await (const item of queue) if (item === 2) break;
  t.deepEqual(drain(queue), [3, 4]);
});

test.serial(
  'close during waits: they end at once, and take nothing of a queue that lies in the same place',
  async (t) => {
    const [one, other] = [new Queue({ name: 'closed', maxSize: 1 }), new Queue({ name: 'closed', maxSize: 1 })];
    const controller = new AbortController();
    const gets = [one.get(), one.get({ timeout: BOUND }), one.get({ signal: controller.signal })];
    one.close();
    for (const get of gets) await t.throwsAsync(get, CLOSED);
    t.throws(() => one.size, CLOSED);
    controller.abort();
    const others = Array.from({ length: 20 }, () => new Queue());
    for (const queue of others) queue.putSync('its own');
    // For who waits in another object of the same queue, nothing has ended.
    const get = other.get({ timeout: BOUND });
    other.putSync('for who waits');
    t.is(await get, 'for who waits');
    t.true(others.every(({ size }) => size === 1));
    other.putSync('the last place');
    const waits = [other.put('no room'), other.join()];
    other.close();
    for (const wait of waits) await t.throwsAsync(wait, CLOSED);
  },
);

test.serial('names: one queue in all processes and threads; another shape is refused', async (t) => {
  const queue = new Queue({ name: 'named', maxSize: 5 });
  t.is(queue.name, 'named');
  const main = path.join(__dirname, '..', '..');
  await ran((multiproc) => new (require(multiproc).Queue)({ name: 'named', maxSize: 5 }).putSync('from afar'), main);
  t.is(queue.getSync(0), 'from afar');
  const worker = new Worker(
    `const { Queue } = require(${JSON.stringify(main)});
     const queue = new Queue({ name: 'named', maxSize: 5 });
     require('node:worker_threads').parentPort.postMessage(queue.getSync());
     queue.putSync('ready');`,
    { eval: true },
  );
  t.teardown(() => worker.terminate());
  const message = posted(worker);
  queue.putSync('to a thread');
  t.is(await message, 'to a thread');
  t.is(await queue.get({ timeout: BOUND }), 'ready');
  const refused = { code: 'ERR_MULTIPROC_NAME' };
  t.throws(() => new Queue({ name: 'named' }), refused);
  t.throws(() => new Queue({ name: 'named', maxSize: 5, ackMode: 'manual' }), refused);
  t.throws(() => new Lock({ name: 'named' }), refused);
});

test.serial('wrong handle: refused with a code', (t) => {
  const refused = { name: 'MultiprocError', code: 'ERR_MULTIPROC_HANDLE' };
  const shared = native.createQueue(0, 0, false, false);
  const [index, generation] = shared.identity();
  t.throws(() => native.openObject(2, index, generation), refused);
  t.throws(() => native.openObject(16, index, generation + 1), refused);
  t.throws(() => native.createObject(16, 0), refused);
  t.throws(() => new Semaphore(0)[Symbol.for('multiproc.travel')].call({}), { instanceOf: TypeError });
  shared.close();
});

test.serial('manual: an item is in no queue until it is acknowledged, or given back and got again', async (t) => {
  const queue = new Queue({ ackMode: 'manual' });
  for (const item of ['a', 'b']) queue.putSync(item);
  const first = await queue.get();
  t.is(first.value, 'a');
  t.false(first.redelivered);
  t.is(queue.size, 1);
  t.is(queue.unfinished, 2);
  t.is(first.nack(), undefined);
  const again = queue.getSync();
  t.is(again.value, 'a', 'before those that nobody had');
  t.true(again.redelivered);
  const second = queue.tryGet();
  t.is(second.value, 'b');
  t.is(queue.tryGet('otherwise'), 'otherwise');
  t.false(await queue.join({ timeout: 5 }));
  t.is(again.ack(), undefined);
  t.is(queue.unfinished, 1);
  const joined = queue.join();
  second.ack();
  t.true(await joined);
  for (const settled of [first, again, second]) {
    t.throws(() => settled.ack(), TASK_DONE);
    t.throws(() => settled.nack(), TASK_DONE);
  }
  t.throws(() => queue.taskDone(), { ...TASK_DONE, message: /ack\(\)/ });
  t.is(queue.size, 0);
});

test.serial('manual: what is given back wakes a get that waits, in another process as well', async (t) => {
  const queue = new Queue({ ackMode: 'manual' });
  queue.putSync('passed on');
  const mine = queue.getSync();
  const other = await ready(
    t,
    (begins, there) => {
      begins.release();
      const { value, redelivered } = there.getSync();
      return [value, redelivered];
    },
    queue,
  );
  await asleep(other.pid);
  mine.nack();
  t.deepEqual(await other.result, ['passed on', true]);
  await other.join();
  // It ended without having acknowledged.
  const back = await queue.get({ timeout: BOUND });
  t.true(back.redelivered);
  const here = queue.get({ timeout: BOUND });
  back.nack();
  const last = await here;
  t.is(last.value, 'passed on');
  last.ack();
  t.is(queue.unfinished, 0);
});

test.serial(
  'manual: after shutdown gets wait for items that are out, and end when those are acknowledged',
  async (t) => {
    const queue = new Queue({ ackMode: 'manual' });
    for (const item of ['a', 'b']) queue.putSync(item);
    const out = [queue.getSync(), queue.getSync()];
    queue.shutdown();
    const other = await ready(
      t,
      async (begins, there) => {
        begins.release();
        const got = [];
        for (;;) {
          try {
            const delivery = there.getSync();
            got.push(delivery.value);
            delivery.ack();
          } catch (error) {
            return [...got, error.code];
          }
        }
      },
      queue,
    );
    await asleep(other.pid);
    await t.throwsAsync(queue.get({ timeout: 30 }), EMPTY, 'they may come back');
    t.throws(() => queue.getSync(10), EMPTY);
    t.is(queue.tryGet('otherwise'), 'otherwise');
    out[0].nack();
    await until('the item that was given back is done', () => queue.unfinished === 1);
    const here = queue.get();
    setImmediate(() => out[1].ack());
    await t.throwsAsync(here, SHUT);
    t.deepEqual(await other.result, ['a', 'ERR_MULTIPROC_QUEUE_CLOSED']);
  },
);

test.serial('manual: shutdown at once ends also what is given back', (t) => {
  const queue = new Queue({ ackMode: 'manual' });
  for (const item of ['a', 'b']) queue.putSync(item);
  const out = queue.getSync();
  queue.shutdown({ immediate: true });
  out.nack();
  t.throws(() => queue.getSync(), SHUT);
});

test.serial('manual: as many items as there are hands can be out, then gets wait for an acknowledgement', async (t) => {
  const queue = new Queue({ ackMode: 'manual' });
  for (let count = 0; count < 300; count += 1) queue.putSync(count);
  const out = [];
  for (let count = 0; count < 256; count += 1) out.push(queue.getSync(0));
  t.throws(() => queue.getSync(20), EMPTY);
  t.is(queue.size, 44);
  const next = queue.get({ timeout: BOUND });
  await delay(1);
  out[7].ack();
  t.is((await next).value, 256);
  out[9].nack();
  t.is(queue.getSync().value, 9);
  t.is(queue.size, 43);
});

test.serial(
  'manual: objects inside items are there however often they are given back, and end with their item',
  async (t) => {
    const blocks = await liveBlocks();
    await (async () => {
      const queue = new Queue({ ackMode: 'manual' });
      await (async () => {
        const { view } = new SharedArray('i32', 4);
        view[0] = 42;
        queue.putSync({ lock: new Lock(), view });
      })();
      for (let round = 0; round < 4; round += 1) {
        // Nobody but the item has them between the rounds.
        await liveBlocks();
        await (async () => {
          const delivery = queue.getSync(0);
          t.is(delivery.redelivered, round > 0);
          t.is(delivery.value.view[0], 42);
          t.true(delivery.value.lock.tryAcquire());
          delivery.value.lock.release();
          if (round < 3) delivery.nack();
          else delivery.ack();
        })();
      }
      t.is(queue.unfinished, 0);
      // The queue, its segment.
      await blocksAreBackTo(blocks + 2);
      queue.close();
    })();
    await blocksAreBackTo(blocks);
  },
);

test.serial('items that nobody gets end with the queue, and what is inside of them', async (t) => {
  const blocks = await liveBlocks();
  for (const ackMode of ['auto', 'manual']) {
    await (async () => {
      const queue = new Queue({ ackMode });
      for (let count = 0; count < 20; count += 1) {
        queue.putSync({ lock: new Lock(), bytes: sharedBuffer(1000), inner: new Queue(), pipe: Pipe() });
        queue.putSync(Buffer.alloc(50_000));
      }
      queue.putSync([new Lock(), Buffer.alloc(50_000)]);
      if (ackMode === 'manual') queue.getSync();
      t.true(native.domainInfo().liveBlocks > blocks + 100);
      queue.close();
    })();
    await blocksAreBackTo(blocks);
  }
});
