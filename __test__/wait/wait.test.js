'use strict';
// wait(): which of several sources is ready; CPython's TestWait (case 38).

const test = require('ava');
const { connect, Event, Latch, Listener, Pipe, Process, Queue, wait } = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const BOUND = 10_000;
const milliseconds = () => Number(process.hrtime.bigint()) / 1e6;

test.serial('CPython 38: nothing, then the child’s end, then both messages; negative timeouts look once', async (t) => {
  const [reader, writer] = Pipe({ duplex: false });
  const [other, far] = Pipe();
  const child = new Process(
    async (connection) => {
      await connection.recv();
    },
    { args: [far] },
  ).start();
  const sources = [reader, child, other];
  const begun = milliseconds();
  t.deepEqual(await wait(sources, { timeout: 60 }), []);
  t.true(milliseconds() - begun >= 60, 'not before its time');
  t.deepEqual(await wait(sources, { timeout: -5 }), []);
  await other.send('end');
  t.deepEqual(await wait(sources, { timeout: BOUND }), [child]);
  await child.join();
  await writer.send('here');
  await far.send('there');
  t.deepEqual(await wait(sources, { timeout: BOUND }), [reader, child, other]);
  t.is(await reader.recv(), 'here', 'nothing was taken');
  t.is(await other.recv(), 'there');
  for (const end of [reader, writer, other, far]) end.close();
});

test.serial('a queue, an event, a latch and a socket, each from another process or by itself', async (t) => {
  const [queue, event, latch] = [new Queue(), new Event(), new Latch(1)];
  const listener = new Listener(`@multiproc-test-wait-${process.pid}`);
  const [ours, theirs] = await Promise.all([listener.accept({ timeout: BOUND }), connect(listener.address)]);
  const sources = [queue, event, latch, ours];
  t.deepEqual(await wait(sources, { timeout: 0 }), []);
  const changes = [
    [queue, () => new Process((queue) => queue.put(1), { args: [queue] }).start().join()],
    [event, () => new Process((event) => event.set(), { args: [event] }).start().join()],
    [latch, () => latch.countDown()],
    [ours, () => theirs.send('hello')],
  ];
  const ready = [];
  for (const [source, change] of changes) {
    const waits = wait(
      sources.filter((other) => !ready.includes(other)),
      { timeout: BOUND },
    );
    await change();
    t.deepEqual(await waits, [source]);
    ready.push(source);
  }
  t.deepEqual(await wait(sources), sources);
  t.is(queue.size, 1);
  theirs.close();
  ours.close();
  listener.close();
});

test.serial('the end of a pipe, and of a queue, is something to be seen', async (t) => {
  const [ours, theirs] = Pipe();
  const queue = new Queue();
  const waits = wait([ours, queue], { timeout: BOUND });
  theirs.close();
  t.deepEqual(await waits, [ours]);
  ours.close();
  queue.shutdown();
  t.deepEqual(await wait([queue]), [queue]);
});

test.serial('what is closed in this thread ends the wait with an error that names it', async (t) => {
  const [end, other] = Pipe();
  const never = new Event();
  for (const source of [new Queue(), new Event(), new Latch(1), end]) {
    const waiting = wait([never, source]);
    setImmediate(() => source.close());
    await t.throwsAsync(waiting, { code: 'ERR_MULTIPROC_CLOSED', message: /sources\[1\] was closed/ });
  }
  // One that has ended leaves nothing that a later close() would tell.
  const queue = new Queue();
  t.deepEqual(await wait([queue], { timeout: 1 }), []);
  queue.close();
  other.close();
});

test.serial('an abort ends it, and leaves no wait behind', async (t) => {
  const [event, queue] = [new Event(), new Queue()];
  const reason = new Error('enough');
  const early = await t.throwsAsync(wait([event], { signal: AbortSignal.abort(reason) }), { code: 'ABORT_ERR' });
  t.is(early.cause, reason);
  const controller = new AbortController();
  const waits = wait([event, queue], { signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  const late = await t.throwsAsync(waits, { code: 'ABORT_ERR' });
  t.is(late.cause, reason);
});

test.serial('CPython 9: a process that was not started is an error, and is waited for once it is', async (t) => {
  const child = new Process(() => 1);
  const queue = new Queue();
  await t.throwsAsync(wait([queue, child], { timeout: 5 }), { code: 'ERR_MULTIPROC_NOT_STARTED' });
  child.start();
  t.deepEqual(await wait([queue, child], { timeout: BOUND }), [child]);
  await child.join();
  t.deepEqual(await wait([child]), [child]);
});

test('bad input is refused', async (t) => {
  await t.throwsAsync(wait('x'), { code: 'ERR_INVALID_ARG_TYPE' });
  const error = await t.throwsAsync(wait([new Event(), {}]), { code: 'ERR_INVALID_ARG_TYPE' });
  t.true(error.message.includes('sources[1]'), error.message);
  await t.throwsAsync(wait([]), { code: 'ERR_INVALID_ARG_VALUE' });
  t.deepEqual(await wait([], { timeout: 1 }), []);
  await t.throwsAsync(wait([new Event()], { timeout: Number.NaN }), { code: 'ERR_OUT_OF_RANGE' });
});
