'use strict';
// supervise(): started again after failures, later each time, until it is healthy, stopped, or given up.

const { once } = require('node:events');
const path = require('node:path');
const test = require('ava');
const { Process, SharedArray, spawn, supervise } = require('../..');
const { guard } = require('../helpers/leaks');
const { run, runProgram } = require('../helpers/run');
const { isGone, isReaped, until, warmUp } = require('../fixtures/process/watch');
const tasks = require('../fixtures/process/supervised.cjs');

guard(test, { warmUp });

const quick = { base: 5, cap: 40, jitter: 0 };
const shell = (script) => () => spawn('sh', ['-c', script], { stdio: 'ignore' });

/** The events of a supervisor, as they come. */
function observed(supervisor) {
  const events = [];
  supervisor.on('start', () => events.push(['start']));
  supervisor.on('exit', ({ exitCode, signalCode }) => events.push(['exit', exitCode ?? signalCode]));
  supervisor.on('restart', ({ attempt, delay }) => events.push(['restart', attempt, delay]));
  supervisor.on('gaveUp', ({ exitCode, signalCode }) => events.push(['gaveUp', exitCode ?? signalCode]));
  return events;
}

test.serial('a program that fails is started again, later each time, and is given up at last', async (t) => {
  const supervisor = supervise(shell('exit 3'), { backoff: quick, maxRestarts: 4 });
  const events = observed(supervisor);
  t.is(supervisor.state, 'running');
  const begin = process.hrtime.bigint();
  await supervisor.ended;
  t.true(process.hrtime.bigint() - begin >= (5n + 10n + 20n + 40n - 4n) * 1_000_000n);
  await new Promise(setImmediate);
  t.deepEqual(events, [
    ['start'],
    ...[5, 10, 20, 40].flatMap((delay, index) => [['exit', 3], ['restart', index + 1, delay], ['start']]),
    ['exit', 3],
    ['gaveUp', 3],
  ]);
  t.deepEqual([supervisor.state, supervisor.restarts, supervisor.current], ['gaveUp', 4, null]);
  await supervisor.stop();
  t.is(supervisor.state, 'gaveUp');
});

test.serial('a run that was healthy clears the count', async (t) => {
  const supervisor = supervise(shell('sleep 0.1; exit 1'), { backoff: quick, maxRestarts: 1, healthyAfter: 50 });
  const events = observed(supervisor);
  await until(() => supervisor.restarts >= 3, 'it goes on');
  await supervisor.stop();
  const attempts = events.filter(([event]) => event === 'restart').map(([, attempt]) => attempt);
  t.true(attempts.length >= 3 && attempts.every((attempt) => attempt === 1), attempts.join());
  t.is(events.filter(([event]) => event === 'start').length, supervisor.restarts + 1);
  // One may have been decided that was not done any more.
  t.true([0, 1].includes(attempts.length - supervisor.restarts), `${attempts.length} of ${supervisor.restarts}`);
  t.is(supervisor.state, 'stopped');
});

test.serial('a process that ends well is done, unless it is to run always', async (t) => {
  const once = supervise(shell('exit 0'), { backoff: quick });
  await once.ended;
  t.deepEqual([once.state, once.restarts], ['stopped', 0]);
  const always = supervise(shell('exit 0'), { backoff: quick, restart: 'always', maxRestarts: 2 });
  await always.ended;
  t.deepEqual([always.state, always.restarts], ['gaveUp', 2]);
});

test.serial('a task is a Process each time, and is killed and restarted', async (t) => {
  const counts = new SharedArray('i32', 2);
  const supervisor = supervise(tasks.counts, {
    args: [counts],
    process: { name: 'counter', stdio: 'ignore' },
    backoff: quick,
  });
  await until(() => counts.view[0] === 1, 'it runs');
  const first = supervisor.current;
  t.true(first instanceof Process);
  t.is(first.name, 'counter');
  first.kill();
  await until(() => counts.view[0] === 2, 'it runs again');
  t.not(supervisor.current.pid, first.pid);
  const { pid } = supervisor.current;
  await supervisor.stop({ reason: 'enough' });
  t.is(counts.view[1], 1, 'it was asked to stop');
  t.true(isReaped(pid));
  t.is(supervisor.restarts, 1);
});

test.serial('a module’s export and a function that makes a Process', async (t) => {
  const counts = new SharedArray('i32', 2);
  const target = { module: '../fixtures/process/supervised.cjs', export: 'fails' };
  const supervisor = supervise(target, {
    args: [counts],
    process: { stdio: 'ignore' },
    backoff: quick,
    maxRestarts: 1,
  });
  await supervisor.ended;
  t.is(counts.view[0], 2);
  let made = 0;
  const other = supervise(
    () => {
      made += 1;
      return new Process((made) => process.exit(made), { args: [made], stdio: 'ignore' });
    },
    { backoff: quick, maxRestarts: 2 },
  );
  const events = observed(other);
  await other.ended;
  t.deepEqual(
    events.filter(([event]) => event === 'exit'),
    [
      ['exit', 1],
      ['exit', 2],
      ['exit', 3],
    ],
  );
});

test.serial('a process that has ended already counts as one that ended', async (t) => {
  const supervisor = supervise(
    () => {
      const child = new Process(() => process.exit(4), { stdio: 'ignore' }).start();
      child.joinSync();
      return child;
    },
    { backoff: quick, maxRestarts: 1 },
  );
  const events = observed(supervisor);
  await supervisor.ended;
  await new Promise(setImmediate);
  t.deepEqual(events, [['start'], ['exit', 4], ['restart', 1, 5], ['start'], ['exit', 4], ['gaveUp', 4]]);
});

test.serial('a restart is told of when it is decided, with its delay, and the start when it is done', async (t) => {
  const supervisor = supervise(shell('exit 1'), { backoff: { base: 80, jitter: 0 }, maxRestarts: 1 });
  const seen = [];
  let decidedAt;
  supervisor.on('restart', ({ attempt, delay, exitCode }) => {
    decidedAt = process.hrtime.bigint();
    seen.push([attempt, delay, exitCode, supervisor.state, supervisor.current, supervisor.restarts]);
  });
  supervisor.on('start', (child) => seen.push([child === supervisor.current, supervisor.state, supervisor.restarts]));
  await once(supervisor, 'restart');
  await once(supervisor, 'start');
  t.true(process.hrtime.bigint() - decidedAt >= 79_000_000n);
  await supervisor.ended;
  t.deepEqual(seen, [
    [true, 'running', 0],
    [1, 80, 1, 'waiting', null, 0],
    [true, 'running', 1],
  ]);
});

test.serial('stop while it waits for the next start: there is none', async (t) => {
  const supervisor = supervise(shell('exit 1'), { backoff: { base: 600_000, cap: 600_000 } });
  await until(() => supervisor.state === 'waiting', 'it waits');
  await supervisor.stop();
  t.deepEqual([supervisor.state, supervisor.restarts], ['stopped', 0]);
  await supervisor.ended;
});

test.serial('stop ends what does not heed by force; kill at once', async (t) => {
  const deaf = () => spawn('sh', ['-c', 'trap "" TERM; while :; do sleep 0.01; done'], { stdio: 'ignore' });
  const supervisor = supervise(deaf, { backoff: quick });
  const { pid } = supervisor.current;
  await supervisor.stop({ grace: 50 });
  t.true(isReaped(pid));
  const other = supervise(deaf, { backoff: quick });
  other.kill();
  await other.ended;
  t.is(other.state, 'stopped');
  other.kill();
});

test.serial('a listener of restart may stop it', async (t) => {
  const supervisor = supervise(shell('exit 1'), { backoff: quick });
  supervisor.once('restart', () => supervisor.stop());
  await supervisor.ended;
  t.deepEqual([supervisor.state, supervisor.current], ['stopped', null]);
});

test.serial('a start that fails counts, but the first one throws where it is the caller’s mistake', async (t) => {
  const supervisor = supervise(() => spawn('/is/not/there'), { backoff: quick, maxRestarts: 2 });
  const reasons = [];
  supervisor.on('exit', ({ exitReason, error }) => reasons.push([exitReason, error.code]));
  await supervisor.ended;
  t.deepEqual(reasons, Array(3).fill(['start-failed', 'ENOENT']));
  const nowhere = supervise(() => new Process(() => 1, { cwd: '/is/not/there' }), { backoff: quick, maxRestarts: 1 });
  await nowhere.ended;
  t.deepEqual([nowhere.state, nowhere.restarts], ['gaveUp', 1]);
  t.throws(() => supervise(() => 5), { code: 'ERR_INVALID_ARG_TYPE', message: /a Process or a ChildProcess/ });
  const later = supervise(
    (() => {
      let calls = 0;
      return () => {
        calls += 1;
        if (calls > 1) throw new Error('no more');
        return spawn('false');
      };
    })(),
    { backoff: quick, maxRestarts: 1 },
  );
  const errors = [];
  later.on('gaveUp', ({ error }) => errors.push(error.message));
  await later.ended;
  await new Promise(setImmediate);
  t.deepEqual(errors, ['no more']);
});

test('what it takes is checked', (t) => {
  const start = () => spawn('true');
  t.throws(() => supervise(5), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => supervise(start, { maxRestarts: -1 }), { code: 'ERR_OUT_OF_RANGE' });
  t.throws(() => supervise(start, { restart: 'sometimes' }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.throws(() => supervise(start, { backoff: { jitter: 2 } }), { code: 'ERR_OUT_OF_RANGE' });
  t.throws(() => supervise(start, { backoff: { base: '1' } }), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => supervise(start, { args: [1] }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.throws(() => supervise({ module: './is_not_there.js' }), { code: 'ERR_MULTIPROC_TARGET' });
});

test.serial('the end of the program is the end of what it supervises', async (t) => {
  const { stdout, code } = await run(path.join(__dirname, '../fixtures/process/supervises.js'));
  t.is(code, 0);
  await until(() => isGone(Number(stdout)), 'gone');
});

test.serial('one that is to be reaped by hand is reaped by its supervisor, and started again', async (t) => {
  const started = [];
  const supervisor = supervise(
    () => {
      const child =
        started.length === 0
          ? spawn('false', { reap: 'manual' })
          : new Process(() => process.exit(7), { reap: 'manual' }).start();
      started.push(child);
      return child;
    },
    { backoff: { base: 1 }, maxRestarts: 1 },
  );
  const codes = [];
  supervisor.on('exit', ({ exitCode }) => codes.push(exitCode));
  await supervisor.ended;
  t.deepEqual(codes, [1, 7]);
  t.true(started.every(({ pid }) => isReaped(pid)));
});

test.serial('a listener that throws is reported, and stops nothing', async (t) => {
  const program = `
    const { spawn, supervise } = require(${JSON.stringify(path.join(__dirname, '..', '..'))});
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    const supervisor = supervise(() => spawn('false'), { backoff: { base: 1, jitter: 0 }, maxRestarts: 1 });
    for (const event of ['start', 'exit', 'restart', 'gaveUp']) {
      supervisor.on(event, () => { throw new Error(event); });
    }
    supervisor.ended.then(() => console.log('ended', supervisor.state, supervisor.restarts));
  `;
  const { code, stdout } = await runProgram(process.execPath, ['-e', program]);
  const told = ['start', 'exit', 'restart', 'start', 'exit', 'gaveUp'].map((event) => `uncaught ${event}`);
  t.deepEqual([code, stdout.trim().split('\n').sort()], [0, [...told, 'ended gaveUp 1'].sort()]);
});
