'use strict';
// How a Process ends, and what exitCode, signalCode, result, join and the event say then.

const test = require('ava');
const { Process } = require('../..');
const { guard } = require('../helpers/leaks');
const { isReaped, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

async function observe(target, { args = [], act } = {}) {
  const child = new Process(target, { args, stdio: 'ignore' });
  const events = [];
  child.on('exit', (...status) => events.push(status));
  child.start();
  t0(child.exitCode === null && child.signalCode === null && child.isAlive());
  await act?.(child);
  const outcome = await child.result.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  t0(await child.join());
  t0(isReaped(child.pid));
  return {
    ...outcome,
    events,
    exitCode: child.exitCode,
    signalCode: child.signalCode,
    alive: child.isAlive(),
    pid: child.pid,
  };
}

function t0(condition) {
  if (!condition) throw new Error('the process is not in the state that it should be in');
}

test('a function that returns', async (t) => {
  const { pid, ...seen } = await observe(() => 'done');
  t.deepEqual(seen, { value: 'done', events: [[0, null]], exitCode: 0, signalCode: null, alive: false });
});

test('a function that throws', async (t) => {
  const { pid, error, ...seen } = await observe(() => {
    throw new EvalError('no');
  });
  t.true(error instanceof EvalError);
  t.deepEqual(seen, { events: [[1, null]], exitCode: 1, signalCode: null, alive: false });
});

test('a function that rejects', async (t) => {
  const { error, exitCode } = await observe(async () => Promise.reject(new EvalError('no')));
  t.true(error instanceof EvalError);
  t.is(exitCode, 1);
});

test('process.exit(3) before the function returns', async (t) => {
  const { pid, error, ...seen } = await observe(() => process.exit(3));
  t.is(error.name, 'ProcessDiedError');
  t.like(error, { code: 'ERR_MULTIPROC_PROCESS_DIED', pid, exitCode: 3, signalCode: null, exitReason: 'code' });
  t.deepEqual(seen, { events: [[3, null]], exitCode: 3, signalCode: null, alive: false });
});

test('a function that waits for what never comes ends the process, and the result says so', async (t) => {
  const { error, exitCode } = await observe(() => new Promise(() => {}));
  t.like(error, { code: 'ERR_MULTIPROC_PROCESS_DIED', exitCode });
});

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGABRT']) {
  test(`killed by ${signal} of its own`, async (t) => {
    const { pid, error, ...seen } = await observe(
      (signal) => {
        process.kill(process.pid, signal);
        return new Promise((resolve) => setTimeout(resolve, 60_000));
      },
      { args: [signal] },
    );
    t.like(error, {
      code: 'ERR_MULTIPROC_PROCESS_DIED',
      pid,
      exitCode: null,
      signalCode: signal,
      exitReason: 'signal',
    });
    t.deepEqual(seen, { events: [[null, signal]], exitCode: null, signalCode: signal, alive: false });
  });
}

test('killed from outside while it spins', async (t) => {
  const { pid, error, ...seen } = await observe(
    () => {
      for (;;);
    },
    { act: (child) => process.kill(child.pid, 'SIGKILL') },
  );
  t.is(error.signalCode, 'SIGKILL');
  t.deepEqual(seen.events, [[null, 'SIGKILL']]);
});

test('a result that was sent counts, however the process ends after it', async (t) => {
  const { value, error, signalCode } = await observe(() => {
    setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return 'sent';
  });
  t.is(error, undefined);
  t.is(value, 'sent');
  t.is(signalCode, 'SIGKILL');
});

test('the exit code that the program sets is the exit code', async (t) => {
  const { value, exitCode } = await observe(() => {
    process.exitCode = 12;
    return 1;
  });
  t.is(value, 1);
  t.is(exitCode, 12);
});

test('an uncaught error after the function has returned is an exit code, the result stays', async (t) => {
  const { value, exitCode } = await observe(() => {
    setImmediate(() => {
      throw new Error('late');
    });
    return 1;
  });
  t.is(value, 1);
  t.is(exitCode, 1);
});

test('a rejection that nobody looks at is not reported in the parent', async (t) => {
  const reported = [];
  const onUnhandled = (reason) => reported.push(reason);
  process.on('unhandledRejection', onUnhandled);
  const child = new Process(() => process.exit(3), { stdio: 'ignore' });
  child.start();
  await child.join();
  await new Promise(setImmediate);
  process.off('unhandledRejection', onUnhandled);
  t.deepEqual(reported, []);
});
