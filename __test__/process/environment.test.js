'use strict';
// What children inherit: loaders, limits and the environment; nothing that belongs to one process alone.

const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const { Pool, Process } = require('../..');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'process', name);

test('a debugger, a test run, a watcher and a profile are not inherited, limits and loaders are', async (t) => {
  const kept = [
    '--max-old-space-size=200',
    '--require',
    fixture('preloaded.cjs'),
    '--conditions=special',
    '--no-warnings',
  ];
  const own = [
    '--inspect=127.0.0.1:0',
    '--cpu-prof-interval=1000',
    // Its value stands apart.
    '--inspect-port',
    '0',
    '--heapsnapshot-near-heap-limit=1',
    '--report-on-signal',
  ];
  const { code, stdout } = await run(fixture('prints_surroundings.cjs'), [], {
    execArgv: [...own, ...kept],
    env: {
      KEPT: 'yes',
      NODE_UNIQUE_ID: 'later',
      NODE_TEST_CONTEXT: 'child-v8',
      NODE_CHANNEL_FD: undefined,
      NODE_OPTIONS: '--stack-trace-limit=30 --inspect-port=0 --heapsnapshot-signal SIGUSR2',
    },
  });
  t.is(code, 0);
  const seen = JSON.parse(stdout);
  for (const [kind, got] of Object.entries(seen)) {
    t.deepEqual(got.execArgv, kept, kind);
    t.deepEqual(got.env, { NODE_OPTIONS: '--stack-trace-limit=30', KEPT: 'yes' }, kind);
    t.deepEqual(got.own, [], kind);
    t.false(got.inspecting, kind);
  }
  t.is(seen.process.send, 'undefined');
  t.is(seen.worker.send, 'undefined');
  t.is(seen.program.send, 'function');
});

test('the channel of a forked program is not inherited by its own processes', async (t) => {
  const ours = await run(fixture('starts_program_with_process.cjs'), ['ours']);
  const nodes = await run(fixture('starts_program_with_process.cjs'), ['node']);
  t.deepEqual(JSON.parse(ours.stdout), ['undefined', false, 'object']);
  t.deepEqual(JSON.parse(nodes.stdout), ['undefined', false, 'object']);
});

test('env and execArgv replace what would be inherited, filtered in the same way', async (t) => {
  const look = () => [process.env.ONLY, 'HOME' in process.env, process.execArgv];
  const child = new Process(look, {
    env: { ONLY: 'this', NODE_CHANNEL_FD: '17' },
    execArgv: ['--no-deprecation', '--inspect=127.0.0.1:0', '-e', '1', '--test'],
  });
  child.start();
  t.deepEqual(await child.result, ['this', false, ['--no-deprecation']]);
  await child.join();
});

test('a flag that Node.js does not know ends the process with code 9', async (t) => {
  const child = new Process(() => 1, { execArgv: ['--no-such-flag'], stdio: 'ignore' });
  child.start();
  await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_PROCESS_DIED' });
  await child.join();
  t.is(child.exitCode, 9);
});

test('env, execArgv, cwd and stdio of the wrong type are refused before anything starts', (t) => {
  const bad = { env: ['text', 7], execArgv: ['--flag', 7, [7]], cwd: [7, {}], stdio: [7, 'nowhere'] };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const error = t.throws(
        () => new Process(() => 1, { [name]: value }).start(),
        { instanceOf: TypeError },
        `${name}: ${value}`,
      );
      t.regex(error.code, /^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    }
  }
});

test('of a list that is wrong in one place the message says where, and what is there', (t) => {
  const wrong = [
    [{ execArgv: ['--a', '--b', 5] }, /"execArgv\[2\]" must be a string, but was 5 \(number\)$/],
    // biome-ignore lint/suspicious/noSparseArray: a hole is no string
    [{ execArgv: ['--a', , '--b'] }, /"execArgv\[1\]" must be a string, but was undefined/],
    [{ execArgv: ['--a', 'b\0'] }, /"execArgv\[1\]" must be a string without NUL, but was 'b\\x00'$/],
    [{ stdio: ['ignore', 'ignore', 'nowhere'] }, /"stdio\[2\]" must be 'pipe', .*, but was 'nowhere'$/],
    [{ stdio: ['ignore', -1] }, /"stdio\[1\]" must be .*, but was -1 \(number\)$/],
    [{ stdio: [{}] }, /"stdio\[0\]" must be .*, but was an instance of Object$/],
    [{ cpus: [0, 1.5] }, /"cpus\[1\]" must be an integer, but was 1.5 \(number\)$/],
  ];
  for (const [options, message] of wrong) {
    t.throws(() => new Process(() => 1, options), { message });
    t.throws(() => new Pool(options), { message });
  }
});

test('streams and descriptors of every kind are taken', async (t) => {
  const file = fs.createWriteStream('/dev/null');
  await once(file, 'open');
  const child = new Process(() => 1, { stdio: [null, file, process.stderr.fd, undefined] }).start();
  t.is(await child.result, 1);
  await child.join();
  file.destroy();
  await once(file, 'close');
});

test('a polluted prototype adds no option', async (t) => {
  Object.prototype.execArgv = ['--no-such-flag'];
  Object.prototype.args = ['polluted'];
  let child;
  try {
    child = new Process((...args) => args, {});
    child.start();
  } finally {
    delete Object.prototype.execArgv;
    delete Object.prototype.args;
  }
  t.deepEqual(await child.result, []);
  await child.join();
});
