'use strict';
// What our fork does beyond Node's: shared objects in messages, and messages that survive their sender.

const { once } = require('node:events');
const path = require('node:path');
const test = require('ava');
const { Barrier, Lock, Semaphore, SharedArray, SharedValue, fork, sharedBuffer } = require('../..');
const { guard } = require('../helpers/leaks');
const { processEntry } = require('../helpers/processes');
const { run } = require('../helpers/run');
const { blocksAreBackTo, liveBlocks, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'fork', name);
const QUIET = { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] };

for (const [ending, status] of [
  ['exit', [4, null]],
  ['kill', [null, 'SIGKILL']],
  ['return', [0, null]],
]) {
  test.serial(`eight megabytes that were sent before ${ending} arrive`, async (t) => {
    const child = fork(fixture('last_words.js'), [ending], QUIET);
    const events = [];
    child.on('message', ({ index, text }) => {
      events.push(index);
      t.true(text === String(index).repeat(1 << 20));
    });
    child.on('disconnect', () => events.push('disconnect'));
    child.on('exit', () => events.push('exit'));
    t.deepEqual(await once(child, 'close'), status);
    t.deepEqual(events, [0, 1, 2, 3, 4, 5, 6, 7, 'disconnect', 'exit']);
  });
}

test.serial('messages arrive although the parent listens only when the child is long dead', async (t) => {
  const child = fork(fixture('last_words.js'), ['exit'], QUIET);
  await once(child, 'exit');
  const received = [];
  child.on('message', ({ index }) => received.push(index));
  await until(() => received.length === 8, 'all messages');
  t.deepEqual(received, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test.serial('listeners that throw while the end is told keep nobody from being told of it', async (t) => {
  const program = `
    const { fork } = require(${JSON.stringify(path.join(__dirname, '..', '..'))});
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    const child = fork(${JSON.stringify(fixture('last_words.js'))}, ['exit'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.on('message', ({ index }) => {
      // Some of them are read when the end is known.
      if (index === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      console.log('message', index);
      if (index > 4) throw new Error(index);
    });
    child.on('disconnect', () => {
      console.log('disconnect');
      throw new Error('disconnect');
    });
    child.on('exit', (code) => console.log('exit', code));
    child.on('close', (code) => console.log('close', code));
  `;
  const { code, stdout, stderr } = await run('-e', [program]);
  t.is(code, 0, stderr);
  const lines = stdout.trim().split('\n');
  const told = lines.filter((line) => !line.startsWith('uncaught'));
  t.deepEqual(told, [
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((index) => `message ${index}`),
    'disconnect',
    'exit 4',
    'close 4',
  ]);
  const thrown = lines.filter((line) => line.startsWith('uncaught')).sort();
  t.deepEqual(thrown, ['uncaught 5', 'uncaught 6', 'uncaught 7', 'uncaught disconnect']);
});

test.serial('of a sender that is killed in the middle only whole messages arrive, in order', async (t) => {
  for (const atLeast of [1, 3, 7, 20, 50]) {
    const child = fork(fixture('streams.js'), [], { ...QUIET, serialization: atLeast % 2 === 0 ? 'json' : 'advanced' });
    let expected = 0;
    child.on('message', ({ index, text }) => {
      t.is(index, expected);
      expected += 1;
      t.true(text === 'abcde'[index % 5].repeat([1, 100, 5_000, 70_000, 300_000][index % 5]));
      if (expected === atLeast) child.kill('SIGKILL');
    });
    const [, signal] = await once(child, 'close');
    t.is(signal, 'SIGKILL');
    t.true(expected >= atLeast);
  }
});

for (const serialization of ['json', 'advanced']) {
  test.serial(`shared objects inside ${serialization} messages are the same objects on both sides`, async (t) => {
    const before = await liveBlocks();
    await (async () => {
      const lock = new Lock();
      const array = new SharedArray('i32', 3);
      const value = new SharedValue('i32', 40);
      const semaphore = new Semaphore(0);
      const barrier = new Barrier(2);
      const view = new Int16Array(sharedBuffer(16));
      const child = fork(fixture('uses_objects.js'), [], { ...QUIET, serialization });
      child.send({ deep: [{ lock, array, value, semaphore, barrier }], view, plain: { a: [1, null] } });
      const [{ mine, plain, lock: again }] = await once(child, 'message');
      t.deepEqual([...array.view], [0, 5, 0]);
      t.is(value.value, 42);
      t.is(semaphore.value, 3);
      t.is(view[2], 99);
      t.deepEqual(plain, { a: [1, null] });
      t.deepEqual([...mine.view], [0, 7]);
      t.true(again.tryAcquire());
      t.true(lock.locked);
      again.release();
      const closed = once(child, 'close');
      await barrier.wait();
      t.deepEqual(await closed, [0, null]);
    })();
    await blocksAreBackTo(before);
  });
}

test.serial('objects in messages that a child never read are released with it', async (t) => {
  const before = await liveBlocks();
  await (async () => {
    const child = fork(fixture('streams.js'), [], QUIET); // does not listen
    for (let index = 0; index < 20; index += 1) child.send({ lock: new Lock(), array: new SharedArray('f64', 100) });
    child.on('message', () => child.kill('SIGKILL'));
    await once(child, 'close');
  })();
  await blocksAreBackTo(before);
  t.pass();
});

test.serial('a message that cannot travel throws with its path, and the next one arrives', async (t) => {
  const child = fork(fixture('uses_objects.js'), [], { ...QUIET, serialization: 'advanced' });
  const error = t.throws(() => child.send({ rows: [1, { run: () => 1 }] }), { code: 'ERR_MULTIPROC_SERIALIZE' });
  t.is(error.path, 'message.rows[1].run');
  const barrier = new Barrier(2);
  child.send({
    deep: [
      {
        lock: new Lock(),
        array: new SharedArray('i32', 2),
        value: new SharedValue('i32'),
        semaphore: new Semaphore(0),
        barrier,
      },
    ],
    plain: 'after',
  });
  const [{ plain }] = await once(child, 'message');
  t.is(plain, 'after');
  const closed = once(child, 'close');
  await barrier.wait();
  await closed;
});

test.serial('forked programs leave no process, descriptor or memory', async (t) => {
  const before = await liveBlocks();
  const children = Array.from({ length: 12 }, () => fork(fixture('last_words.js'), ['exit'], QUIET));
  await Promise.all(children.map((child) => once(child, 'close')));
  children.length = 0;
  await blocksAreBackTo(before);
  t.pass();
});

test.serial('who awaits a message and then the end hears of both, though they came together', async (t) => {
  const child = fork(fixture('last_words.js'), ['exit'], QUIET);
  // The child is gone before the event loop turns: its messages and its end are there at once.
  for (let look = 0; look < 1000 && processEntry(child.pid).state !== 'Z'; look += 1) blockFor(10);
  t.is(processEntry(child.pid).state, 'Z');
  for (const event of ['message', 'disconnect', 'exit']) await once(child, event);
  t.is(child.exitCode, 4);
});

/** Blocks the thread. */
function blockFor(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
