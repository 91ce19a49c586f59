'use strict';
// Event, Latch and Once. Time limits, aborts, names and the like are tested with all others in waitables.test.js.

const path = require('node:path');
const test = require('ava');
const { Event, Latch, Once, Process, SharedArray } = require('../..');
const { BOUND, asleep, delay, kill, posted, ready, startWorker, until, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

const comeOnce = { module: path.join(__dirname, '..', 'fixtures', 'sync', 'hammers.js'), export: 'comeOnce' };

guard(test, { warmUp });

function waits(begins, object) {
  const pending = object.wait();
  begins.release();
  return pending;
}

function blocks(begins, object) {
  begins.release();
  return object.waitSync();
}

/** Begins to run it and does not come to an end. */
function runs(begins, once) {
  return once.run(() => {
    begins.release();
    return new Promise(() => setInterval(() => once, 60_000));
  });
}

test.serial('Event: set, cleared, and waited for', async (t) => {
  const event = new Event();
  t.false(event.isSet);
  t.false(event.waitSync(0));
  t.is(event.set(), undefined);
  event.set();
  t.true(event.isSet);
  t.true(event.waitSync());
  t.true(await event.wait());
  event.clear();
  event.clear();
  t.false(event.isSet);
  t.false(await event.wait({ timeout: 1 }));
});

test.serial('Event: who waits already misses no set(), however soon it is cleared', async (t) => {
  const event = new Event();
  for (let round = 0; round < 20; round += 1) {
    const here = [event.wait({ timeout: BOUND }), event.wait({ timeout: BOUND })];
    event.set();
    event.clear();
    t.deepEqual(await Promise.all(here), [true, true]);
  }
  t.false(event.waitSync(1), 'who comes later waits');
  const [awaiting, blocked] = [await ready(t, waits, event), await ready(t, blocks, event)];
  await asleep(blocked.pid);
  event.set();
  event.clear();
  t.deepEqual(await Promise.all([awaiting.result, blocked.result]), [true, true]);
});

test.serial('Event: it wakes all that wait, in processes and threads', async (t) => {
  const event = new Event({ name: 'all' });
  const children = [await ready(t, waits, event), await ready(t, blocks, event), await ready(t, waits, event)];
  const here = Array.from({ length: 50 }, () => event.wait({ timeout: BOUND }));
  event.set();
  const ended = await Promise.all([...here, ...children.map(({ result }) => result)]);
  t.deepEqual(ended, Array(53).fill(true));
});

test.serial('Event: setter_killed_after_set_the_waiters_go_on', async (t) => {
  const event = new Event();
  const waiter = await ready(t, blocks, event);
  const setter = new Process(
    (there) => {
      there.set();
      process.kill(process.pid, 'SIGKILL');
    },
    { args: [event] },
  ).start();
  await setter.join();
  t.true(await waiter.result);
  t.true(event.isSet);
});

test.serial('Event: set from a signal handler', async (t) => {
  const event = new Event();
  const child = await ready(
    t,
    (begins, there) => {
      process.once('SIGUSR2', () => there.set());
      begins.release();
      return there.wait({ timeout: 20_000 });
    },
    event,
  );
  child.signal('SIGUSR2');
  t.true(await event.wait({ timeout: BOUND }));
  t.true(await child.result);
});

test.serial('Latch: counts down, lets through for ever, not below zero', async (t) => {
  const latch = new Latch(3);
  t.is(latch.count, 3);
  const waiting = latch.wait({ timeout: BOUND });
  t.is(latch.countDown(), 2);
  t.false(await latch.wait({ timeout: 1 }));
  t.is(latch.countDown(2), 0);
  t.true(await waiting);
  t.true(latch.waitSync());
  t.is(latch.countDown(5), 0);
  t.is(latch.count, 0);
  t.true(new Latch(0).waitSync());
  t.is(new Latch(2 ** 32 - 1).countDown(2 ** 32 - 2), 1);
});

test.serial('Latch: processes count down, others wait in both forms', async (t) => {
  const latch = new Latch(4, { name: 'start' });
  const waiters = [await ready(t, waits, latch), await ready(t, blocks, latch)];
  const here = latch.wait({ timeout: BOUND });
  const counters = [1, 2, 3].map(() => new Process((there) => there.countDown(), { args: [latch] }).start());
  const left = await Promise.all(counters.map(({ result }) => result));
  t.deepEqual(left.sort(), [1, 2, 3]);
  t.is(new Latch(99, { name: 'start' }).countDown(), 0, 'a named one keeps its count');
  t.deepEqual(await Promise.all([here, ...waiters.map(({ result }) => result)]), [true, true, true]);
  await Promise.all(counters.map((counter) => counter.join()));
});

test.serial('Latch: counter_killed_after_counting_down_the_waiters_go_on', async (t) => {
  const latch = new Latch(1);
  const waiter = await ready(t, blocks, latch);
  const counter = new Process(
    (there) => {
      there.countDown();
      process.kill(process.pid, 'SIGKILL');
    },
    { args: [latch] },
  ).start();
  await counter.join();
  t.true(await waiter.result);
});

test.serial('Latch: arguments out of range or of the wrong kind throw with a code', (t) => {
  const range = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };
  const type = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
  for (const count of [-1, 1.5, 2 ** 32]) t.throws(() => new Latch(count), range);
  for (const count of [undefined, '1', 1n]) t.throws(() => new Latch(count), type);
  const latch = new Latch(1);
  for (const n of [0, -1, 1.5]) t.throws(() => latch.countDown(n), range);
  t.throws(() => latch.countDown('1'), type);
  t.is(latch.count, 1);
});

test.serial('Once: of all that come, one runs it', async (t) => {
  const once = new Once({ name: 'once' });
  t.false(once.done);
  const { view } = new SharedArray('i32', 8);
  const children = [1, 2, 3].map(() => new Process(comeOnce, { args: [once, view] }).start());
  const worker = startWorker(t, 'comeOnce', 'once', view);
  const ran = await Promise.all([...children.map((child) => child.result), posted(worker)]);
  t.deepEqual([...ran].sort(), [false, false, false, true]);
  t.is(view[0], 1);
  t.is(view[2], 0, 'somebody went on before it was done');
  t.true(once.done);
  t.false(await once.run(() => t.fail('it is done')));
  t.false(once.runSync(() => t.fail('it is done')));
  t.is(once.abandonedBy, null);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('Once: a run that fails is its caller’s error, and the next one tries', async (t) => {
  const once = new Once();
  const failure = new Error('not this time');
  const first = once.run(async () => {
    await delay(2);
    throw failure;
  });
  const second = once.run(() => delay(1));
  const third = once.run(() => t.fail('it is done'));
  t.is(await t.throwsAsync(first), failure);
  t.deepEqual(await Promise.all([second, third]), [true, false]);
  const other = new Once();
  t.is(
    t.throws(() =>
      other.runSync(() => {
        throw failure;
      }),
    ),
    failure,
  );
  t.false(other.done);
  t.true(other.runSync(() => {}));
});

test.serial('Once: when the time is over while another runs it, the error is that of a timeout', async (t) => {
  const once = new Once();
  const runner = await ready(t, runs, once);
  const late = { name: 'AbortError', code: 'ABORT_ERR' };
  for (const error of [
    await t.throwsAsync(
      once.run(() => {}, { timeout: 20 }),
      late,
    ),
    t.throws(() => once.runSync(() => {}, 20), late),
  ]) {
    t.is(error.cause.name, 'TimeoutError');
  }
  await kill(runner);
});

test.serial('Once: runner_killed_the_next_one_runs_it_and_knows', async (t) => {
  const once = new Once();
  const runner = await ready(t, runs, once);
  const blocked = await ready(
    t,
    (begins, there) => {
      begins.release();
      return [there.runSync(() => {}), there.abandonedBy?.pid];
    },
    once,
  );
  const here = once.run(() => {}).then((ran) => [ran, once.abandonedBy?.pid]);
  await kill(runner);
  const found = await Promise.all([here, blocked.result]);
  t.deepEqual(
    found.filter(([ran]) => ran),
    [[true, runner.pid]],
  );
  t.true(once.done);
});

test.serial('Once: a thread that is running it does not block on itself', async (t) => {
  const once = new Once();
  const ran = once.run(async () => {
    t.throws(() => once.runSync(() => {}), { code: 'ERR_MULTIPROC_DEADLOCK' });
    t.throws(() => once.runSync(() => {}, 1), { code: 'ABORT_ERR' });
  });
  t.true(await ran);
  await t.throwsAsync(once.run(5), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => once.runSync(), { code: 'ERR_INVALID_ARG_TYPE' });
});

test.serial('Once: worker_thread_terminated_while_it_runs_it_the_next_one_runs_it', async (t) => {
  const once = new Once({ name: 'in a thread' });
  const { Worker } = require('node:worker_threads');
  const source = `
    const { Once } = require(${JSON.stringify(path.join(__dirname, '..', '..'))});
    const { parentPort } = require('node:worker_threads');
    const once = new Once({ name: 'in a thread' });
    once.run(() => { parentPort.postMessage('runs'); return new Promise(() => setInterval(() => once, 1000)); });
  `;
  const worker = new Worker(source, { eval: true });
  t.is(await posted(worker), 'runs');
  const here = once.run(() => {}, { timeout: BOUND });
  await worker.terminate();
  t.true(await here);
  t.is(once.abandonedBy.pid, process.pid);
  await until('done', () => once.done);
});
