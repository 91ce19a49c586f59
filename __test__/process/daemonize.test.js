'use strict';
// daemonize(): the program goes on in the background, and its starter's command has ended.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const { Process, daemonize } = require('../..');
const { guard } = require('../helpers/leaks');
const { processEntry } = require('../helpers/processes');
const { run } = require('../helpers/run');
const { isGone, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const fixture = path.join(__dirname, '..', 'fixtures', 'process', 'daemon.cjs');

async function start(t, ...args) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'daemonize-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
  const began = await run(fixture, [folder, ...args], { env: { GIVEN: 'given' } });
  const pid = Number(fs.readFileSync(path.join(folder, 'pid'), 'utf8'));
  t.teardown(() => isGone(pid) || process.kill(pid, 'SIGKILL'));
  const log = () => fs.readFileSync(path.join(folder, 'log'), 'utf8').trim().split('\n');
  await until(() => log().length === 2, 'the daemon has told what it is');
  return { began, pid, folder, said: JSON.parse(log()[1]), log };
}

test.serial('the daemon is detached from everything, and the command has ended', async (t) => {
  const { began, pid, folder, said } = await start(t, 'an argument');
  t.deepEqual([began.code, began.signal, began.stderr], [0, null, '']);
  t.regex(began.stdout, /^before \d+\n$/, 'the rest is in its log');
  t.is(said.pid, pid);
  t.like(said, {
    isLeader: false,
    terminal: 0,
    cwd: '/',
    stdin: '/dev/null',
    given: 'given',
    umask: 0o027,
    args: ['an argument'],
    isMainProcess: true,
  });
  t.is(said.mark, undefined);
  t.not(said.session, processEntry(process.pid).session);
  t.true(said.descriptors.every((target) => !String(target).startsWith(folder) && target !== '/dev/null'));
  t.false(isGone(pid));
  process.kill(pid, 'SIGTERM');
  await until(() => isGone(pid), 'it ends');
  t.false(fs.existsSync(path.join(folder, 'pid')), 'it takes its file away');
});

test.serial('a second call in the daemon does nothing, and a file that is another’s by now stays', async (t) => {
  const { pid, folder, log } = await start(t, 'twice');
  t.is(log().length, 2);
  fs.writeFileSync(path.join(folder, 'pid'), '1\n');
  process.kill(pid, 'SIGTERM');
  await until(() => isGone(pid), 'it ends');
  t.is(fs.readFileSync(path.join(folder, 'pid'), 'utf8'), '1\n');
});

test.serial('what cannot be is an error, and this process goes on', async (t) => {
  t.throws(() => daemonize('x'), { code: 'ERR_INVALID_ARG_TYPE', message: /daemonize\(\).*options/ });
  t.throws(() => daemonize({ cwd: 5 }), { code: 'ERR_INVALID_ARG_TYPE', message: /"cwd".*5/ });
  t.throws(() => daemonize({ pidFile: '' }), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => daemonize({ env: null }), { code: 'ERR_INVALID_ARG_TYPE' });
  t.throws(() => daemonize({ umask: 0o1000 }), { code: 'ERR_OUT_OF_RANGE' });
  t.throws(() => daemonize({ stdout: '/there/is/no/such/folder/log' }), { code: 'ENOENT' });
  t.throws(() => daemonize({ cwd: '/there/is/no/such/folder' }), { code: 'ENOENT' });
  const inChild = new Process(() => require('../..').daemonize(), { stdio: 'ignore' }).start();
  await t.throwsAsync(inChild.result, { code: 'ERR_MULTIPROC_UNSUPPORTED' });
  await inChild.join();
  const worker = new Worker(
    `const { daemonize } = require(${JSON.stringify(path.join(__dirname, '../..'))});
     try { daemonize(); } catch (error) { require('node:worker_threads').parentPort.postMessage(error.code); }`,
    { eval: true },
  );
  t.deepEqual(await once(worker, 'message'), ['ERR_MULTIPROC_UNSUPPORTED']);
  await worker.terminate();
});
