'use strict';
// currentProcess(), parentProcess(), processState(), daemons, cpuCount().

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const { Process, SharedArray, cpuCount, currentProcess, fork, parentProcess, processState } = require('../..');
const { numbersOf, quota } = require('../../lib/process/cpu_count');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { isGone, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'process', name);

test('the program is nobody’s child', (t) => {
  const current = currentProcess();
  t.is(current, currentProcess());
  t.deepEqual([current.pid, current.name, current.daemon], [process.pid, 'MainProcess', false]);
  t.true(Math.abs(current.startTime - performance.timeOrigin) < 60_000);
  t.false(current.stopSignal.aborted);
  t.true(current.usage().rss > 1 << 20);
  t.is(parentProcess(), null);
});

test.serial('a process knows itself and its parent', async (t) => {
  const child = new Process(
    async () => {
      const { currentProcess, parentProcess } = require('multiproc');
      const parent = parentProcess();
      const joined = [await parent.join({ timeout: 0 }), await parent.join({ timeout: 20 })];
      const { pid, name, daemon } = currentProcess();
      return {
        pid,
        name,
        daemon,
        same: parent === parentProcess(),
        parent: [parent.pid, parent.name, parent.isAlive()],
        joined,
      };
    },
    { name: 'child: of colons' },
  ).start();
  t.deepEqual(await child.result, {
    pid: child.pid,
    name: 'child: of colons',
    daemon: false,
    same: true,
    parent: [process.pid, 'MainProcess', true],
    joined: [false, false],
  });
  await child.join();
});

test.serial('default names count up along the family', async (t) => {
  const child = new Process(async () => {
    const { Process, parentProcess } = require('multiproc');
    const children = [1, 2].map(() => new Process(() => require('multiproc').parentProcess().name).start());
    return [
      parentProcess().name,
      ...children.map(({ name }) => name),
      ...(await Promise.all(children.map((c) => c.result))),
    ];
  }).start();
  const { name } = child;
  t.deepEqual(await child.result, ['MainProcess', `${name}:1`, `${name}:2`, name, name]);
  await child.join();
});

test.serial('a forked program has a parent too, and hears of its end', async (t) => {
  const file = fixture('tells_parent.js');
  const program = fork(file, ['child'], { orphan: 'allow', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const [seen] = await once(program, 'message');
  t.deepEqual(seen, [process.pid, 'MainProcess', true]);
  program.kill('SIGKILL');
  await once(program, 'exit');
  const { stdout } = await run(file, ['parent']);
  // The parent was killed; its orphan wrote on.
  t.is(stdout, 'alive true\nexit\njoined true\nalive false\n');
});

test.serial('daemons make daemons, which may have children; the program waits for none of them', async (t) => {
  const child = new Process(
    async () => {
      const { Process, currentProcess } = require('multiproc');
      const inner = new Process(() => require('multiproc').currentProcess().daemon).start();
      const other = new Process(() => require('multiproc').currentProcess().daemon, { daemon: false }).start();
      const timer = setTimeout(() => {}, 30_000);
      const flags = [currentProcess().daemon, await inner.result, await other.result];
      clearTimeout(timer);
      return flags;
    },
    { daemon: true },
  ).start();
  const timer = setTimeout(() => {}, 30_000);
  t.deepEqual(await child.result, [true, true, false]);
  await child.join();
  clearTimeout(timer);
});

test.serial('processState tells what the system says', async (t) => {
  const own = processState(process.pid);
  t.is(own.state, 'running');
  t.is(own.ppid, process.ppid);
  t.true(own.rss > 1 << 20 && own.threads > 1 && own.cpu.user > 0);
  t.true(Math.abs(own.startTime - performance.timeOrigin) < 60_000);

  const sleeper = spawn('sleep', ['1000']);
  await until(() => processState(sleeper.pid).name === 'sleep', 'it runs');
  await until(() => processState(sleeper.pid).state === 'sleeping', 'it sleeps');
  t.like(processState(sleeper.pid), { pid: sleeper.pid, ppid: process.pid, threads: 1 });
  sleeper.kill('SIGSTOP');
  await until(() => processState(sleeper.pid).state === 'stopped', 'it is stopped');
  sleeper.kill('SIGKILL');
  await once(sleeper, 'exit');
  t.deepEqual(processState(sleeper.pid), {
    pid: sleeper.pid,
    state: 'dead',
    name: null,
    ppid: null,
    rss: null,
    cpu: null,
    threads: null,
    startTime: null,
  });
  for (const pid of [0, -1, 1.5, 2 ** 40]) t.throws(() => processState(pid), { code: 'ERR_OUT_OF_RANGE' });
  t.throws(() => processState('1'), { code: 'ERR_INVALID_ARG_TYPE' });
});

test.serial('the system shows the name, in the short form as well', async (t) => {
  const child = new Process(() => new Promise((resolve) => setTimeout(resolve, 600_000)), {
    name: 'counts things',
  }).start();
  await until(() => processState(child.pid).name === 'counts things', 'comm is the name');
  t.is(fs.readFileSync(`/proc/${child.pid}/comm`, 'utf8'), 'counts things\n');
  await child.terminate();
});

test('cpuCount keeps to the affinity mask', async (t) => {
  const all = cpuCount();
  t.true(Number.isInteger(all) && all >= 1);
  t.true(cpuCount({ physical: true }) <= all);
  t.throws(() => cpuCount({ physical: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
  const last = numbersOf(/Cpus_allowed_list:\s*(\S+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]).pop();
  const child = new Process(
    () => {
      const { cpuCount } = require('multiproc');
      return [cpuCount(), cpuCount({ physical: true })];
    },
    { cpus: [last] },
  ).start();
  t.deepEqual(await child.result, [1, 1]);
  await child.join();
});

test('quotas of control groups count, those of the groups around as well, rounded up by the caller', (t) => {
  const files = (contents) => (file) => contents[file] ?? '';
  t.is(
    quota(
      '0::/a/b\n',
      files({ '/sys/fs/cgroup/a/cpu.max': '150000 100000\n', '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n' }),
    ),
    1.5,
  );
  t.is(quota('0::/\n', files({ '/sys/fs/cgroup/cpu.max': '50000 100000' })), 0.5);
  const old = { '/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '300000', '/sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000' };
  t.is(quota('4:cpu,cpuacct:/a\n0::/\n', files(old)), 3);
  t.is(quota('4:cpu:/a\n', files({ ...old, '/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '-1' })), Infinity);
  t.is(quota('', files({})), Infinity);
  t.deepEqual(numbersOf('0-2,7'), [0, 1, 2, 7]);
});

test.serial('a debugger for a child takes a free port', async (t) => {
  const children = [1, 2].map(() =>
    new Process(() => require('node:inspector').url(), { inspect: 'auto', stdio: 'ignore' }).start(),
  );
  const urls = await Promise.all(children.map(({ result }) => result));
  t.is(new Set(urls.map((url) => new URL(url).port)).size, 2);
  await Promise.all(children.map((child) => child.join()));
});

test.serial('an orphan lives on and its parent is told dead', async (t) => {
  const facts = new SharedArray('i32', 3);
  const child = new Process(
    async (facts) => {
      const { Process } = require('multiproc');
      const outlives = async (facts) => {
        const { parentProcess } = require('multiproc');
        const parent = parentProcess();
        facts.view[1] = parent.isAlive() ? 1 : 2;
        facts.view[0] = process.pid;
        await parent.join();
        facts.view[2] = parent.isAlive() ? 1 : 2;
        setInterval(() => {}, 1000);
      };
      new Process(outlives, { args: [facts], orphan: 'allow', stdio: 'ignore' }).start();
      setInterval(() => {}, 1000);
    },
    { args: [facts], stdio: 'ignore' },
  ).start();
  child.result.catch(() => {});
  await until(() => facts.view[0] !== 0, 'the orphan-to-be is up');
  t.is(facts.view[1], 1);
  child.kill();
  await child.join();
  await until(() => facts.view[2] === 2, 'it has seen its parent end');
  t.false(isGone(facts.view[0]));
  process.kill(facts.view[0], 'SIGKILL');
  await until(() => isGone(facts.view[0]), 'it ends');
});
