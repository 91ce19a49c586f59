'use strict';
// What errors say: the call as the user wrote it, what is wrong with it, and what to do.

const path = require('node:path');
const test = require('ava');
const { Process, defineTasks, getLogger, spawn, supervise } = require('../..');
const { guard } = require('../helpers/leaks');
const { runProgram } = require('../helpers/run');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const PACKAGE = JSON.stringify(path.join(__dirname, '..', '..'));

test('a method that comes too early is named as it was called', async (t) => {
  const child = new Process(() => 1);
  for (const method of ['kill', 'interrupt', 'suspend', 'resume', 'usage', 'joinSync']) {
    const { message } = t.throws(() => child[method](), { code: 'ERR_MULTIPROC_NOT_STARTED' });
    t.true(message.startsWith(`process.${method}(): `), message);
  }
  for (const method of ['join', 'wait', 'terminate', 'requestStop']) {
    const { message } = await t.throwsAsync(() => child[method](), { code: 'ERR_MULTIPROC_NOT_STARTED' });
    t.true(message.startsWith(`process.${method}(): `), message);
  }
});

test('daemon and detached are booleans, and said to be so where they are given', (t) => {
  for (const name of ['daemon', 'detached']) {
    const { message } = t.throws(() => new Process(() => 1, { [name]: 'no' }), { code: 'ERR_INVALID_ARG_TYPE' });
    t.true(message.startsWith(`new Process(): "${name}" must be a boolean`), message);
  }
});

test('no name of an inner function stands in a message', async (t) => {
  const missing = await t.throwsAsync(
    new Process({ module: 'node:path', export: 'nothing' }, { stdio: 'ignore' }).start().result,
    { code: 'ERR_MULTIPROC_TARGET' },
  );
  t.regex(missing.message, /^the export "nothing" of node:path was not found/);
  const noFunction = await t.throwsAsync(
    new Process({ module: 'node:path', export: 'sep' }, { stdio: 'ignore' }).start().result,
  );
  t.regex(noFunction.message, /^the export "sep" of node:path must be a function, but is '\/'/);
  t.regex(t.throws(() => supervise({ module: './nothing' })).message, /^supervise\(\): the module /);
  t.regex(t.throws(() => supervise(() => spawn('true'), { backoff: 5 })).message, /^supervise\(\): "backoff" must be/);
  t.regex(t.throws(() => defineTasks()).message, /^defineTasks\(\): /);
  const bound = t.throws(() => new Process(test.bind(null)));
  t.regex(bound.message, /pass the function that it was made of/);
});

test('a start that failed tells what was asked for', async (t) => {
  const nowhere = new Process(() => 1, { cwd: '/nothing/is/here' }).start();
  const { message } = await t.throwsAsync(nowhere.result, { code: 'ERR_MULTIPROC_PROCESS_DIED' });
  t.true(message.includes('with the cwd /nothing/is/here: spawn '), message);
  await nowhere.join();
  const refused = t.throws(() => new Process(() => 1, { cpus: [1023] }).start(), { code: 'EINVAL' });
  t.regex(refused.message, /^process\.start\(\): spawn EINVAL; "cpus" was 1023/);
});

test('the methods of a logger may be handed over', async (t) => {
  const logger = getLogger();
  t.is(logger, getLogger());
  const program = `const { error, level } = require(${PACKAGE}).getLogger(); Promise.reject('why').catch(error);`;
  const { code, stderr } = await runProgram(process.execPath, ['-e', program]);
  t.is(code, 0);
  t.regex(stderr, /^\d+ \d+ MainProcess error: why\n$/);
});

test('what a logger cannot write is lost, and the program goes on', async (t) => {
  const program = `const logger = require(${PACKAGE}).getLogger();
    logger.error('one'); logger.warn('two');
    setTimeout(() => { logger.error('three'); console.log('went on'); }, 50);`;
  const args = ['-c', 'exec "$0" -e "$1" 2>/dev/full', process.execPath, program];
  const { code, stdout } = await runProgram('sh', args);
  t.deepEqual([code, stdout], [0, 'went on\n']);
});

test('the addon that may not be loaded is not said to be broken', async (t) => {
  const program = `try { require(${PACKAGE}) } catch ({ code, message }) { console.log(code, message) }`;
  const { stdout } = await runProgram(process.execPath, ['--no-addons', '-e', program]);
  t.regex(stdout, /^ERR_MULTIPROC_BINDING .*without --no-addons, or under its permission model with --allow-addons/);
  t.false(stdout.includes('reinstall'));
});

test('a Process under the permission model is refused by its own name', async (t) => {
  const model = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
  const flags = [model, '--allow-fs-read=*', '--allow-addons', '--allow-child-process', '--no-warnings'];
  const program = `const { Process, forkServer } = require(${PACKAGE});
    try { new Process(() => 1).start() } catch ({ code, message }) { console.log(code, message) }
    forkServer.ready().then(() => console.log(forkServer.reason));`;
  const { stdout } = await runProgram(process.execPath, [...flags, '-e', program]);
  const [refusal, reason] = stdout.split('\n');
  t.regex(
    refusal,
    /^ERR_MULTIPROC_UNSUPPORTED process\.start\(\): a process of multiproc cannot be had under the perm/,
  );
  t.regex(reason, /^it cannot be had under the permission model/);
  t.false(stdout.includes('closeOthers'));
});

test('without room for files the fork server says so, and not that the processor is another', async (t) => {
  const program = `const { forkServer } = require(${PACKAGE});
    forkServer.ready().then((isReady) => process.stderr.write(isReady + ' ' + forkServer.reason));`;
  const { stderr } = await runProgram('sh', [
    '-c',
    'ulimit -f 0; exec "$0" --no-warnings -e "$1"',
    process.execPath,
    program,
  ]);
  t.regex(stderr, /^false .*EFBIG/);
});
