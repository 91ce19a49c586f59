'use strict';
// PriorityQueue: the smallest number first, of equal ones the oldest, whoever is killed.

const test = require('ava');
const { PriorityQueue, Process, Queue } = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const BOUND = 10_000;

function drain(queue) {
  const items = [];
  for (let item = queue.tryGet(); item !== undefined; item = queue.tryGet()) items.push(item);
  return items;
}

test('items leave in the order of their priority, equal ones in that of their coming', async (t) => {
  const queue = new PriorityQueue({ maxSize: 500 });
  const items = Array.from({ length: 500 }, (_, number) => [((number * 7919) % 23) - 11.5, number]);
  for (const item of items) t.true(queue.tryPut(item, { priority: item[0] }));
  t.true(queue.full);
  t.false(queue.tryPut('one more'));
  const sorted = [...items].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  t.deepEqual(drain(queue), sorted);
  t.is(queue.size, 0);
  for (const priority of [Infinity, -Infinity, -0, 1e-300]) await queue.put(priority, { priority });
  t.deepEqual(drain(queue), [-Infinity, -0, 1e-300, Infinity]);
  queue.close();
});

test.serial('it is one in every process, and put() waits while it is full', async (t) => {
  const queue = new PriorityQueue({ maxSize: 1 });
  const child = new Process(
    async (queue) => {
      queue.putSync('first', { priority: 3, timeout: 1000 });
      await queue.put('second', { priority: -3 });
      return queue.constructor.name;
    },
    { args: [queue] },
  ).start();
  t.is(await queue.get({ timeout: BOUND }), 'first');
  t.is(await queue.get({ timeout: BOUND }), 'second');
  t.is(await child.result, 'PriorityQueue');
  await queue.put(1);
  await t.throwsAsync(queue.put(2, { timeout: 5 }), { code: 'ERR_MULTIPROC_QUEUE_FULL' });
  queue.shutdown();
  t.is(await queue.get(), 1);
  await t.throwsAsync(queue.get(), { code: 'ERR_MULTIPROC_QUEUE_CLOSED' });
  queue.close();
});

test.serial('processes killed while they put and get: what is left is whole and in order', async (t) => {
  const queue = new PriorityQueue({ maxSize: 64 });
  const hammer = async (queue, seed) => {
    let state = seed;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    for (;;) {
      for (let turn = 0; turn < 200; turn += 1) {
        const priority = Math.floor(next() * 50);
        if (next() < 0.5) queue.tryPut({ priority }, { priority });
        else queue.tryGet();
      }
      await new Promise(setImmediate);
    }
  };
  for (let round = 0; round < 12; round += 1) {
    const children = [1, 2].map((n) => new Process(hammer, { args: [queue, round * 2 + n] }).start());
    for (const child of children) child.result.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 120 + round * 7));
    for (const child of children) child.kill();
    await Promise.all(children.map((child) => child.join()));
    const { size } = queue;
    const left = drain(queue);
    t.is(left.length, size, `round ${round}: the size is that of what is there`);
    t.true(
      left.every(({ priority }, place) => place === 0 || left[place - 1].priority <= priority),
      `round ${round}: in order`,
    );
    t.is(queue.byteLength, 0);
    t.true(queue.tryPut({ priority: 1 }, { priority: 1 }), 'there is room again');
  }
  queue.close();
});

test('bad input is refused, and nothing is put', async (t) => {
  const queue = new PriorityQueue();
  t.is(queue.maxSize, 4096);
  await t.throwsAsync(queue.put(1, { priority: '1' }), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => queue.tryPut(1, { priority: Number.NaN }), { code: 'ERR_OUT_OF_RANGE' });
  t.throws(() => queue.putSync(() => {}), { code: 'ERR_MULTIPROC_SERIALIZE' });
  t.is(queue.size, 0);
  queue.close();
  t.throws(() => new PriorityQueue({ maxSize: 0 }), { code: 'ERR_OUT_OF_RANGE' });
  const name = `priority ${process.pid}`;
  const plain = new Queue({ name, maxSize: 10 });
  t.throws(() => new PriorityQueue({ name, maxSize: 10 }), {
    code: 'ERR_MULTIPROC_NAME',
    message: /the Queue of that name/,
  });
  plain.close();
});
