'use strict';

const childProcess = require('node:child_process');
const diagnosticsChannel = require('node:diagnostics_channel');
const path = require('node:path');
const test = require('ava');
const multiproc = require('../..');
const { guard } = require('../helpers/leaks.js');
const { processEntry } = require('../helpers/processes.js');
const { run, runProgram } = require('../helpers/run.js');
const behaviours = require('./behaviours/index.js');
const { observe, describeError } = require('./observe.js');

const { spawn } = multiproc;

const fixture = (name) => path.join(__dirname, 'fixtures', name);

// The first child opens what the process keeps.
guard(test, {
  warmUp: async () => {
    for (const start of [childProcess.spawn, spawn]) {
      const child = start('true', { stdio: 'ignore' });
      await new Promise((resolve) => child.once('close', resolve));
    }
  },
});

for (const behaviour of behaviours) {
  test.serial(`as node:child_process: ${behaviour.name}`, async (t) => {
    const expected = await observe(behaviour, childProcess);
    t.deepEqual(await observe(behaviour, multiproc), expected);
  });
}

test('names of the behaviours are different', (t) => {
  t.is(new Set(behaviours.map(({ name }) => name)).size, behaviours.length);
});

test.serial('an observation of something else is different', async (t) => {
  const exits = (code) => ({
    name: 'exit',
    run: ({ spawn: start, closed }) => closed(start('sh', ['-c', `exit ${code}`])),
  });
  t.notDeepEqual(await observe(exits(1), multiproc), await observe(exits(2), multiproc));
});

test('no name of node:child_process is missing', async (t) => {
  const names = Object.keys(await import('node:child_process')).filter((name) => name !== 'default');
  const own = await import('../../index.mjs');
  t.deepEqual(
    names.filter((name) => !(name in multiproc) || !(name in own)),
    [],
  );
});

// Not in the table: Node.js 24 and 26 corrupt their memory by it (libuv 1.52.1).
test.serial('a descriptor of -1 is thrown', (t) => {
  const error = t.throws(() => spawn('true', { stdio: ['ignore', { fd: -1 }] }));
  t.is(error.code, 'EINVAL');
  t.is(error.message, 'spawn EINVAL');
});

test.serial('node:child_process has handles of its own', async (t) => {
  const children = [spawn('true'), childProcess.spawn('true')];
  t.deepEqual(
    children.map((child) => child._handle.constructor.name),
    ['NativeProcess', 'Process'],
  );
  await Promise.all(children.map((each) => new Promise((resolve) => each.once('close', resolve))));
});

test.serial('the methods of a child are those of Node.js', async (t) => {
  const child = spawn('true');
  t.is(Object.getPrototypeOf(child), childProcess.ChildProcess.prototype);
  await new Promise((resolve) => child.once('close', resolve));
});

test.serial('others who listen to the channel child_process see our processes', async (t) => {
  const seen = [];
  const listen = ({ process: child }) => seen.push(child);
  diagnosticsChannel.subscribe('child_process', listen);
  const child = spawn('true');
  diagnosticsChannel.unsubscribe('child_process', listen);
  t.deepEqual(seen, [child]);
  await new Promise((resolve) => child.once('close', resolve));
});

test('options of ours must be booleans', (t) => {
  const { exec, execFile, spawnSync } = multiproc;
  for (const start of [spawn, exec, execFile, spawnSync]) {
    for (const name of ['killOnParentExit', 'shareDomain']) {
      for (const value of ['yes', 1, null]) {
        const error = t.throws(() => start('true', { [name]: value }));
        t.is(describeError(error).class, 'TypeError');
        t.is(error.code, 'ERR_INVALID_ARG_TYPE');
        t.true(error.message.startsWith(`${start.name}(): `), error.message);
        t.true(error.message.includes(name), error.message);
      }
    }
  }
});

test.serial('options of ours are own ones', async (t) => {
  const child = spawn('true', Object.create({ killOnParentExit: 'not looked at' }));
  t.is(await new Promise((resolve) => child.once('close', resolve)), 0);
});

test.serial('a descriptor that this process was given by its number goes on to its children', async (t) => {
  for (const name of ['node:child_process', path.join(__dirname, '..', '..')]) {
    const script = `exec 60</dev/null; exec "$0" "$@"`;
    const { stdout } = await runProgram('/bin/bash', ['-c', script, process.execPath, fixture('inherited.js'), name]);
    t.deepEqual(JSON.parse(stdout), ['yes', 'yes', 'yes', 'yes'], name);
  }
});

test.serial('async_hooks: what a thread has for all its children says that it keeps no program alive', async (t) => {
  const program = `
    const seen = [];
    const init = (id, type, trigger, resource) => type === 'multiproc' && seen.push(resource.hasRef());
    const hook = require('node:async_hooks').createHook({ init }).enable();
    const { spawn } = require(process.argv[1]);
    for (let count = 0; count < 2; count++) spawn('true');
    process.stdout.write(JSON.stringify(seen));`;
  const { stdout, stderr } = await runProgram(process.execPath, ['-e', program, path.join(__dirname, '..', '..')]);
  t.is(stdout, '[false]', stderr);
});

test.serial('NODE_DEBUG shows what is started', async (t) => {
  for (const name of ['node:child_process', path.join(__dirname, '..', '..')]) {
    const program = `const c = require(process.argv[1]); c.spawnSync('true'); c.spawn('true');`;
    const env = { NODE_DEBUG: 'child_process' };
    const { stderr } = await runProgram(process.execPath, ['-e', program, name], { env });
    t.deepEqual(
      stderr.match(/^CHILD_PROCESS \d+: \w+/gm)?.map((line) => line.split(' ')[2]),
      ['spawnSync', 'spawn'],
      name,
    );
  }
});

test.serial('without shared memory processes are those of Node.js, and it is told once', async (t) => {
  const results = [];
  for (const name of ['node:child_process', path.join(__dirname, '..', '..')]) {
    // No file may grow, and so no memory be shared.
    const script = `ulimit -f 0; exec "$0" "$@"`;
    const args = ['-c', script, process.execPath, fixture('limited.js'), 'parent', name];
    // That of this test would do.
    const { stdout, stderr } = await runProgram('/bin/bash', args, { env: { MULTIPROC_DOMAIN: undefined } });
    results.push(JSON.parse(stdout || JSON.stringify(stderr)));
    t.is(stderr.split('MultiprocWarning').length - 1, name === 'node:child_process' ? 0 : 1);
  }
  const [expected, found] = results;
  t.deepEqual({ ...found, refused: null }, expected);
  t.is(found.refused, 'ERR_MULTIPROC_UNSUPPORTED');
});

/** Runs a parent that tells the id of its child and is then killed; the entry of the child, and whether it ended. */
async function killParent(program, ...args) {
  let entry;
  const { stdout, signal } = await run(fixture(program), args, {
    onSpawn: (parent) => {
      parent.stdout.once('data', (text) => {
        entry = processEntry(Number(text));
        parent.kill('SIGKILL');
      });
    },
  });
  return { entry, stdout, signal };
}

/** Looks until it is so, for ten seconds at most. */
async function comesTrue(condition) {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return true;
}

function isRunning(entry) {
  const now = processEntry(entry.pid);
  return now !== null && now.startTime === entry.startTime && now.state !== 'Z';
}

test.serial('parent_killed_child_with_killOnParentExit_that_spins_dies_too', async (t) => {
  // `run` ends when the child, which holds the same standard output, has ended too; its watchdog bounds that.
  const { entry, signal } = await killParent('parent.js', 'spins');
  t.is(signal, 'SIGKILL');
  t.truthy(entry);
  // A process closes its descriptors a moment before it is gone.
  await comesTrue(() => !isRunning(entry));
  t.false(isRunning(entry));
});

test.serial('parent_killed_while_it_blocks_child_with_killOnParentExit_dies_too', async (t) => {
  const { entry, signal } = await killParent('blocked_parent.js');
  t.is(signal, 'SIGKILL');
  t.truthy(entry);
  t.true(await comesTrue(() => !isRunning(entry)));
});

test.serial('child_with_killOnParentExit_that_a_worker_thread_started_outlives_the_thread', async (t) => {
  const { stdout, code } = await run(fixture('worker_parent.js'));
  t.is(stdout, 'still here\n');
  t.is(code, 0);
});

test.serial('unreferenced child does not keep the process', async (t) => {
  const { stdout, code } = await run(fixture('unref.js'));
  const pid = Number(stdout);
  // The start returns when the child has left our memory, which is a moment before the program has its arguments.
  const isRight = await comesTrue(() => processEntry(pid)?.command === 'sleep 1000');
  process.kill(pid, 'SIGKILL');
  t.true(isRight);
  t.is(code, 0);
});

test.serial('processes and their handles are freed', async (t) => {
  const { stdout } = await run(fixture('freed.js'), [], { execArgv: ['--expose-gc'] });
  t.regex(stdout, /^freed 100 of 100\n$/);
});

for (const implementation of ['node', 'multiproc']) {
  test.serial(`no descriptor is left: the error EMFILE, by ${implementation}`, async (t) => {
    const { stdout, code } = await run(fixture('no_descriptors.js'), [implementation]);
    t.is(stdout, '[["error","EMFILE","spawn true"],["close",-24,null]]\n');
    t.is(code, 0);
  });
}
