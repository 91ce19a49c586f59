'use strict';
// Which method is used, what cannot be forked, and what a server refuses to preload.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const test = require('ava');
const { Process, forkServer, getStartMethod, setStartMethod } = require('../..');
const { guard } = require('../helpers/leaks');
const { until, warmUp } = require('../fixtures/process/watch');

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'fork_server', name);

guard(test, { warmUp });

const ready = async (t) => t.true(await forkServer.ready(), String(forkServer.reason));

test.serial('processes are spawned unless something else is asked for', async (t) => {
  t.is(getStartMethod(), 'spawn');
  const child = new Process(() => 1);
  t.is(child.startMethod, null);
  child.start();
  t.is(child.startMethod, 'spawn');
  await child.join();
  t.is(forkServer.state, 'off');
  t.is(forkServer.pid, null);
});

test.serial('one process may ask for it: the first is spawned while the server starts', async (t) => {
  const first = new Process(() => 1, { startMethod: 'forkserver' }).start();
  t.is(first.startMethod, 'spawn');
  t.is(forkServer.state, 'starting');
  t.is(await first.result, 1);
  await first.join();
  await ready(t);
  const second = new Process(() => 2, { startMethod: 'forkserver' }).start();
  t.is(second.startMethod, 'forkserver');
  t.is(await second.result, 2);
  await second.join();
  t.is(getStartMethod(), 'spawn');
});

test.serial('what cannot be forked is spawned, and the server lives on', async (t) => {
  await ready(t);
  const { pid } = forkServer;
  const cases = [
    ['flags of its own', { execArgv: ['--expose-gc'] }, () => typeof gc, 'function'],
    ['a heap of its own', { maxHeapMb: 64 }, () => process.execArgv.includes('--max-old-space-size=64'), true],
    [
      'what Node.js reads at its start',
      { env: { ...process.env, NODE_NO_WARNINGS: '1' } },
      () => process.env.NODE_NO_WARNINGS,
      '1',
    ],
    ['more streams', { stdio: ['inherit', 'inherit', 'inherit', 'pipe'] }, () => 'four', 'four'],
    ['a process that may be an orphan', { orphan: 'allow' }, () => 'free', 'free'],
  ];
  for (const [what, options, target, result] of cases) {
    const child = new Process(target, { startMethod: 'forkserver', ...options }).start();
    t.is(child.startMethod, 'spawn', what);
    t.is(await child.result, result, what);
    await child.join();
  }
  t.is(forkServer.pid, pid);
  const missing = new Process(() => 1, { startMethod: 'forkserver', cwd: '/there/is/no/such/directory' }).start();
  const error = await t.throwsAsync(missing.result);
  t.is(error.cause?.code ?? error.code, 'ENOENT');
  t.is(missing.exitReason, 'start-failed');
  const refused = new Process(() => 1, { startMethod: 'forkserver', cpus: [8000] });
  t.throws(() => refused.start(), { code: 'EINVAL' });
  t.is(forkServer.pid, pid);
});

test.serial('a detached process that ends with its parent leads a session', async (t) => {
  await ready(t);
  const child = new Process(
    () => require('node:fs').readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')[3],
    {
      startMethod: 'forkserver',
      detached: true,
      orphan: 'end',
    },
  ).start();
  t.is(child.startMethod, 'forkserver');
  t.is(await child.result, String(child.pid));
  await child.join();
});

test.serial('setStartMethod() is called once, or by force; what it is given is checked', async (t) => {
  const refused = (method, options, expected) => t.throws(() => setStartMethod(method, options), expected);
  refused('threads', undefined, {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /setStartMethod\(\).*'spawn', 'forkserver'.*'threads'/,
  });
  refused(undefined, undefined, { code: 'ERR_INVALID_ARG_VALUE' });
  refused('fork', undefined, { code: 'ERR_MULTIPROC_START_METHOD', message: /'fork'.*'forkserver'/ });
  refused('spawn', { force: 1 }, { code: 'ERR_INVALID_ARG_TYPE' });
  refused('forkserver', { preload: 'x' }, { code: 'ERR_INVALID_ARG_TYPE', message: /"preload"/ });
  refused('forkserver', { preload: ['a', 3] }, { code: 'ERR_INVALID_ARG_TYPE', message: /"preload\[1\]".*3/ });
  refused('forkserver', { preload: ['./state.cjs'] }, { code: 'ERR_INVALID_ARG_VALUE', message: /absolute/ });
  t.throws(() => new Process(() => 1, { startMethod: 'magic' }), { code: 'ERR_INVALID_ARG_VALUE' });
  t.throws(() => new Process(() => 1, { startMethod: 'fork' }), { code: 'ERR_MULTIPROC_START_METHOD' });
  t.is(getStartMethod(), 'spawn');
  setStartMethod('forkserver');
  setStartMethod('forkserver');
  t.is(getStartMethod(), 'forkserver');
  refused('spawn', undefined, { code: 'ERR_MULTIPROC_START_METHOD', message: /'forkserver' already.*force/ });
  await ready(t);
  const child = new Process(() => 1).start();
  t.is(child.startMethod, 'forkserver');
  await child.join();
  const spawned = new Process(() => 1, { startMethod: 'spawn' }).start();
  t.is(spawned.startMethod, 'spawn');
  await spawned.join();
  setStartMethod('spawn', { force: true });
  t.is(forkServer.state, 'off');
});

test.serial('another list of modules is another server; paths, URLs and names are taken', async (t) => {
  const modules = [pathToFileURL(fixture('module.mjs')), fixture('state.cjs'), 'node:zlib'];
  setStartMethod('forkserver', { force: true, preload: modules });
  await ready(t);
  const { pid } = forkServer;
  setStartMethod('forkserver', { force: true, preload: modules });
  t.is(forkServer.pid, pid, 'the same list');
  const child = new Process((file) => require(file).loadedBy, { args: [fixture('state.cjs')] }).start();
  t.is(await child.result, pid);
  await child.join();
  setStartMethod('forkserver', { force: true, preload: [] });
  await ready(t);
  t.not(forkServer.pid, pid);
  const other = new Process((file) => require(file).loadedBy, { args: [fixture('state.cjs')] }).start();
  t.is(await other.result, other.pid);
  await other.join();
});

const REFUSED = [
  ['listens.cjs', /still active: TCPServerWrap|socket open/],
  ['ticks.cjs', /still active: Timeout/],
  ['spawns.cjs', /still active: ProcessWrap|has started a process|socket open/],
  ['locks.cjs', /could not be preloaded:.*shared object/],
  ['throws.cjs', /throws\.cjs could not be preloaded: this module is broken/],
  ['fixed_pid.cjs', /a first child of it could not be started/],
  ['missing.cjs', /missing\.cjs could not be preloaded/],
];
for (const [name, reason] of REFUSED) {
  test.serial(`${name} is refused, with the reason, and processes are spawned`, async (t) => {
    const warned = new Promise((resolve) => {
      const listen = (warning) => {
        if (warning.name !== 'MultiprocWarning') return;
        process.off('warning', listen);
        resolve(warning);
      };
      process.on('warning', listen);
    });
    setStartMethod('forkserver', { force: true, preload: [fixture(name)] });
    t.false(await forkServer.ready());
    t.is(forkServer.state, 'refused');
    t.regex(forkServer.reason, reason);
    const { message, code } = await warned;
    t.regex(message, reason);
    t.is(code, 'ERR_MULTIPROC_START_METHOD');
    const child = new Process(() => 1).start();
    t.is(child.startMethod, 'spawn');
    t.is(await child.result, 1);
    await child.join();
    t.is(forkServer.state, 'refused', 'it is not tried again');
    setStartMethod('spawn', { force: true });
  });
}

test.serial('a server that cannot be had is no reason to wait: what is under way ends', async (t) => {
  setStartMethod('forkserver', { force: true, preload: [] });
  t.is(forkServer.state, 'starting');
  const ready = forkServer.ready();
  setStartMethod('spawn', { force: true });
  t.false(await ready);
  await until(() => forkServer.pid === null, 'it is gone');
});
