'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const { end, guard, MARK, newSince, report, snapshot } = require('./leaks.js');
const { processEntry } = require('./processes.js');
const { run } = require('./run.js');

guard(test);

const fixture = (name) => path.join(__dirname, 'fixtures', name);
const mark = () => process.env[MARK];
const WAITS = ['-e', 'setInterval(() => {}, 1000)'];

test.serial('nothing started, nothing found', async (t) => {
  const before = snapshot(mark());
  t.deepEqual(report(await newSince(before, mark(), { patience: 0 })), []);
});

test.serial('child_left_running_is_found_and_ended', async (t) => {
  const before = snapshot(mark());
  const child = spawn(process.execPath, WAITS, { stdio: 'ignore' });
  await once(child, 'spawn');
  const { processes } = await newSince(before, mark(), { patience: 0 });
  t.deepEqual(
    processes.map(({ pid }) => pid),
    [child.pid],
  );
  end(processes);
  const [, signal] = await once(child, 'exit');
  t.is(signal, 'SIGKILL');
});

test.serial('orphan_in_another_session_is_found_by_its_mark', async (t) => {
  const before = snapshot(mark());
  const { stdout } = await run(fixture('orphan.js'));
  const { processes } = await newSince(before, mark(), { patience: 100 });
  t.deepEqual(
    processes.map(({ pid }) => pid),
    [Number(stdout)],
  );
  t.not(processes[0].parent, process.pid);
  end(processes);
  t.deepEqual(report(await newSince(before, mark())), []);
});

test.serial('process_that_ends_within_the_patience_is_no_leak', async (t) => {
  const before = snapshot(mark());
  const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  t.is((await newSince(before, mark(), { patience: 0 })).processes.length, 1);
  child.stdin.end();
  t.deepEqual(report(await newSince(before, mark())), []);
});

test.serial('open descriptor is found', async (t) => {
  const before = snapshot(mark());
  const descriptor = fs.openSync(__filename, 'r');
  const { descriptors } = await newSince(before, mark(), { patience: 0 });
  t.deepEqual(descriptors, [`descriptor ${descriptor}: ${__filename}`]);
  fs.closeSync(descriptor);
  t.deepEqual(report(await newSince(before, mark(), { patience: 0 })), []);
});

test.serial('file in shared memory is found', async (t) => {
  const before = snapshot(mark());
  const file = `/dev/shm/multiproc-leak-test-${process.pid}`;
  fs.writeFileSync(file, '');
  const { files } = await newSince(before, mark(), { patience: 0 });
  t.true(files.includes(file));
  fs.unlinkSync(file);
  t.false((await newSince(before, mark(), { patience: 0 })).files.includes(file));
});

test.serial('a process that was replaced by another with the same id is not killed', (t) => {
  const own = processEntry(process.pid);
  end([{ ...own, startTime: '0' }]);
  t.pass();
});

test.serial('the guard fails a file that leaves a process, a descriptor or a file, and ends the process', async (t) => {
  const hooks = {};
  const fake = {
    before: (_title, hook) => {
      hooks.before = hook;
    },
    after: {
      always: (_title, hook) => {
        hooks.after = hook;
      },
    },
  };
  const outer = mark();
  try {
    let warm = 0;
    guard(fake, {
      patience: 100,
      warmUp: () => {
        warm = fs.openSync(__filename, 'r');
      },
    });
    await hooks.before();
    const child = spawn(process.execPath, WAITS, { stdio: 'ignore' });
    await once(child, 'spawn');
    const ended = once(child, 'exit');
    const descriptor = fs.openSync(__filename, 'r');
    let left;
    await hooks.after({
      deepEqual: (found) => {
        left = found;
      },
    });
    fs.closeSync(descriptor);
    fs.closeSync(warm);
    await ended;
    t.is(left.length, 2);
    t.regex(left[0], new RegExp(`^process ${child.pid} `));
    t.is(left[1], `descriptor ${descriptor}: ${__filename}`);
  } finally {
    process.env[MARK] = outer;
  }
});
