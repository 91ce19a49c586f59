'use strict';
// The cases of CPython's _TestProcess and _TestSubclassingProcess, each by the name of its test. Those of the fork server
// stand with the start methods.

const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const { Event, Process, Queue, SharedArray, spawn, wait } = require('../..');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { isReaped, liveBlocks, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'process', name);
const sleeps = () => new Promise((resolve) => setTimeout(resolve, 600_000));
const start = (target, options) => new Process(target, { stdio: 'ignore', ...options }).start();

/** What -15 and -9 are in Python: a signal that ended the process. */
const status = ({ exitCode, signalCode }) => exitCode ?? signalCode;

test.serial('CPython 1 (test_terminate, test_kill): join(0) and join(-1) come back; then the signals', async (t) => {
  for (const [method, signal] of [
    ['terminate', 'SIGTERM'],
    ['kill', 'SIGKILL'],
  ]) {
    const child = start(sleeps);
    t.false(await child.join({ timeout: 0 }));
    t.false(await child.join({ timeout: -1 }));
    t.true(child.isAlive());
    await child[method]();
    t.true(await child.join());
    t.false(child.isAlive());
    t.is(status(child), signal);
  }
});

test.serial(
  'CPython 2 (test_close): close while it waits for a queue, after its end, twice, and then it is collected',
  async (t) => {
    const queue = new Queue();
    let child = start((queue) => queue.getSync(), { args: [queue] });
    t.throws(() => child.close(), { code: 'ERR_MULTIPROC_STILL_RUNNING' });
    queue.putSync('go');
    t.is(await child.result, 'go');
    await child.join();
    t.is(child.exitCode, 0);
    child.close();
    t.throws(() => child.isAlive(), { code: 'ERR_MULTIPROC_CLOSED' });
    await t.throwsAsync(child.join(), { code: 'ERR_MULTIPROC_CLOSED' });
    await t.throwsAsync(child.terminate(), { code: 'ERR_MULTIPROC_CLOSED' });
    child.close();
    const reference = new WeakRef(child);
    child = undefined;
    await collected(reference);
    t.is(reference.deref(), undefined);
  },
);

test.serial(
  'CPython 3 (test_parent_process): the grandchild sees its parent alive, then not, and join returns',
  async (t) => {
    const seen = new SharedArray('i32', 3);
    const child = start(
      async (seen) => {
        const { Process } = require('multiproc');
        const grandchild = async (seen) => {
          const { parentProcess } = require('multiproc');
          const parent = parentProcess();
          seen.view[1] = parent.isAlive() ? 1 : 2;
          seen.view[0] = parent.pid;
          await parent.join();
          seen.view[2] = parent.isAlive() ? 1 : 2;
        };
        // By default it would end with its parent.
        new Process(grandchild, { args: [seen], orphan: 'allow', stdio: 'ignore' }).start();
        setInterval(() => {}, 1000);
      },
      { args: [seen] },
    );
    await until(() => seen.view[0] !== 0, 'the grandchild is up');
    t.deepEqual([...seen.view], [child.pid, 1, 0]);
    await child.terminate();
    await until(() => seen.view[2] !== 0, 'the grandchild has seen the end');
    t.is(seen.view[2], 2);
  },
);

// Python's sys.exit() takes a text or a list, which it prints, with code 1. process.exit() takes what Node.js takes; what
// stands in its place is to throw something that is no error.
const exits = [
  ['[1, 2, 3] thrown', 1, /1, 2, 3/],
  ["'ignore this' thrown", 1, /ignore this/],
  ['true', 1, /^$/],
  ['false', 0, /^$/],
  ['8', 8, /^$/],
  ['null', 0, /^$/],
  ['nothing', 0, /^$/],
];
for (const [reason, code, printed] of exits) {
  test.serial(`CPython 4 (test_sys_exit): exit with ${reason} is code ${code}`, async (t) => {
    const child = new Process(
      (reason) => {
        if (reason.endsWith(' thrown')) throw reason.startsWith('[') ? [1, 2, 3] : 'ignore this';
        if (reason === 'nothing') process.exit();
        const value = JSON.parse(reason);
        // Newer versions of Node.js take integers only.
        process.exit(typeof value === 'boolean' ? Number(value) : (value ?? undefined));
      },
      { args: [reason], stdio: ['ignore', 'ignore', 'pipe'] },
    ).start();
    const text = Buffer.concat(await child.stderr.toArray()).toString();
    await child.join();
    t.is(child.exitCode, code);
    t.regex(text, printed);
  });
}

test.serial(
  'CPython 5 (test_stderr_flush): an uncaught error is printed whole, with its line, and is code 1',
  async (t) => {
    const child = new Process(
      function divides() {
        const nothing = undefined;
        nothing.here(); // MARKER
      },
      { stdio: ['ignore', 'ignore', 'pipe'] },
    ).start();
    const text = Buffer.concat(await child.stderr.toArray()).toString();
    await child.join();
    t.is(child.exitCode, 1);
    t.regex(text, /^TypeError: .*undefined/);
    const line =
      fs
        .readFileSync(__filename, 'utf8')
        .split('\n')
        .findIndex((content) => content.includes('// MARKER')) + 1;
    t.regex(text, new RegExp(`at divides \\(.*cpython\\.test\\.js:${line}:`));
    const error = await t.throwsAsync(child.result, { instanceOf: TypeError });
    t.regex(error.stack, /at divides/);
  },
);

for (const closed of [1, 2]) {
  test.serial(
    `CPython 6 (test_error_on_stdio_flush): descriptor ${closed} closed in the parent or in the child`,
    async (t) => {
      const { code, stdout, stderr } = await run(fixture('closed_stdio.js'), [String(closed)]);
      t.is(closed === 1 ? stderr : stdout, 'ran 0 null\nran 0 null\n');
      t.is(code, 0);
    },
  );
}

test.serial('CPython 6: a pipe that nobody reads is no end of the process', async (t) => {
  const child = new Process(
    async () => {
      process.stdin.on('data', () => {});
      await new Promise((resolve) => process.stdin.once('end', resolve));
      process.stdout.write('nobody reads this\n');
      await new Promise((resolve) => setTimeout(resolve, 20));
      return 'ran';
    },
    { stdio: ['pipe', 'pipe', 'pipe'] },
  ).start();
  child.stdout.destroy();
  child.stderr.destroy();
  child.stdin.end();
  t.is(await child.result, 'ran');
  await child.join();
  t.is(child.exitCode, 0);
});

test.serial(
  'CPython 7 (test_child_fd_inflation): five children that live together have as many descriptors each',
  async (t) => {
    const counts = new SharedArray('i32', 5);
    const counting = (counts, index) => {
      const fs = require('node:fs');
      setInterval(() => {
        counts.view[index] = fs.readdirSync('/proc/self/fd').length;
      }, 5);
    };
    const children = [0, 1, 2, 3, 4].map((index) => start(counting, { args: [counts, index] }));
    // The watchers find each other in their own time.
    const equal = () => !counts.view.includes(0) && new Set(counts.view).size === 1;
    await until(equal, 'all have as many').catch(() => t.fail([...counts.view].join()));
    t.true(counts.view[0] < 40, `${counts.view[0]}`);
    await Promise.all(children.map((child) => child.terminate()));
  },
);

test.serial(
  'CPython 8 (test_many_processes): many short ones, then many that sleep and are terminated at once',
  async (t) => {
    const short = Array.from({ length: 15 }, () => start(() => {}));
    await Promise.all(short.map((child) => child.join()));
    t.deepEqual(short.map(status), Array(15).fill(0));
    const long = Array.from({ length: 15 }, () => start(sleeps));
    await Promise.all(long.map((child) => child.terminate()));
    t.deepEqual(long.map(status), Array(15).fill('SIGTERM'));
    const programs = Array.from({ length: 100 }, () => spawn('sleep', ['600']));
    const ended = programs.map((child) => new Promise((resolve) => child.once('exit', (...how) => resolve(how))));
    for (const child of programs) child.kill();
    t.deepEqual(await Promise.all(ended), Array(100).fill([null, 'SIGTERM']));
    t.true([...short, ...long, ...programs].every(({ pid }) => isReaped(pid)));
  },
);

test.serial(
  'CPython 9 (test_sentinel): refused before the start, not ready while it lives, ready within a second',
  async (t) => {
    const event = new Event();
    const child = new Process((event) => event.waitSync(), { args: [event], stdio: 'ignore' });
    t.throws(() => child.sentinel, { code: 'ERR_MULTIPROC_NOT_STARTED' });
    child.start();
    const { sentinel } = child;
    t.deepEqual(await wait([sentinel], { timeout: 100 }), []);
    event.set();
    t.deepEqual(await wait([sentinel], { timeout: 30_000 }), [sentinel]);
    await child.join();
  },
);

test.serial('CPython 10 (test_lose_target_ref): target and arguments are let go after the end', async (t) => {
  const { references, child } = (() => {
    const target = (value) => value.length;
    const argument = [1, 2, 3];
    const child = start(target, { args: [argument] });
    return { references: [new WeakRef(target), new WeakRef(argument)], child };
  })();
  t.is(await child.result, 3);
  await child.join();
  for (const reference of references) {
    await collected(reference);
    t.is(reference.deref(), undefined);
  }
  t.is(child.exitCode, 0);
});

test.serial(
  'CPython 11 (test_wait_for_threads): timers and threads keep a process alive, unreferenced ones do not',
  async (t) => {
    const waited = new SharedArray('i32', 2);
    const child = start(
      (waited) => {
        const { Worker } = require('node:worker_threads');
        const code = "setTimeout(() => require('node:worker_threads').workerData[0] = 1, 100)";
        new Worker(code, { eval: true, workerData: waited.view });
        const endless = new Worker('setInterval(() => {}, 1000)', { eval: true });
        endless.unref();
        setTimeout(() => {
          waited.view[1] = 1;
        }, 150);
        setTimeout(() => {}, 600_000).unref();
      },
      { args: [waited] },
    );
    await child.join();
    t.deepEqual([...waited.view], [1, 1]);
    t.is(child.exitCode, 0);
  },
);

/** Waits until nobody refers to it any more. */
async function collected(reference) {
  await until(async () => {
    await liveBlocks();
    return reference.deref() === undefined;
  }, 'it is collected');
}
