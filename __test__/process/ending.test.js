'use strict';
// Ends that somebody asked for: terminate with everything below, requests to stop, interrupts, time limits; and what
// exitReason says of them.

const fs = require('node:fs');
const test = require('ava');
const { Pool, Process, SharedArray, processState } = require('../..');
const { ExitRecord, groups } = require('../../lib/process/exit_reason');
const { guard } = require('../helpers/leaks');
const { isGone, isReaped, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp, patience: 5000 });

/** Starts a process that puts pids into a shared array of the length, and waits until all are there. */
async function withPids(t, length, target, options) {
  const pids = new SharedArray('i32', length);
  const child = new Process(target, { args: [pids], stdio: 'ignore', ...options }).start();
  child.result.catch(() => {});
  await until(() => !pids.view.includes(0), 'all are up');
  t.deepEqual([...pids.view].filter(isGone), []);
  return { child, pids: [...pids.view] };
}

/** A grandchild in a session of its own that ignores SIGTERM, and a child of its own. */
const deep = (pids) => {
  const { spawn } = require('node:child_process');
  const script = 'trap "" TERM; sleep 1000 & echo $! ; wait';
  const shell = spawn('setsid', ['sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  shell.stdout.once('data', (text) => {
    pids.view[0] = shell.pid;
    pids.view[1] = Number(text);
  });
};

test.serial('terminate ends everything below, also what has left the session and ignores SIGTERM', async (t) => {
  const { child, pids } = await withPids(t, 2, deep);
  await child.terminate();
  t.is(child.signalCode, 'SIGTERM');
  t.true(isReaped(child.pid));
  t.deepEqual(
    pids.filter((pid) => !isGone(pid)),
    [],
  );
});

test.serial('terminate without tree leaves the rest alone', async (t) => {
  const { child, pids } = await withPids(t, 2, deep);
  await child.terminate({ tree: false });
  t.true(isReaped(child.pid));
  t.deepEqual(pids.filter(isGone), []);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
});

test.serial('an abort and a kill below a process that spins', async (t) => {
  const controller = new AbortController();
  const { child, pids } = await withPids(
    t,
    1,
    (pids) => {
      const { spawn } = require('node:child_process');
      pids.view[0] = spawn('sleep', ['1000'], { stdio: 'ignore' }).pid;
      for (;;);
    },
    { signal: controller.signal },
  );
  controller.abort();
  await t.throwsAsync(child.result, { name: 'AbortError' });
  t.true(isReaped(child.pid));
  await until(() => pids.every(isGone), 'the rest ends');
});

test.serial('the program may end its own children in its own way before the rest is killed', async (t) => {
  const { child, pids } = await withPids(t, 2, (pids) => {
    const { spawn } = require('node:child_process');
    const program = 'trap "exit 7" TERM; echo up; while :; do sleep 0.01; done';
    const shell = spawn('sh', ['-c', program], { stdio: ['ignore', 'pipe', 'ignore'] });
    shell.stdout.once('data', () => {
      pids.view[0] = shell.pid;
      pids.view[1] = process.pid;
    });
    process.on('SIGTERM', () => {
      shell.kill('SIGTERM');
      shell.once('exit', (code) => process.exit(code));
    });
  });
  await child.terminate();
  t.is(child.exitCode, 7);
  t.true(pids.every(isGone));
});

test.serial('what is to outlive its parent is spared by terminate', async (t) => {
  const { child, pids } = await withPids(t, 2, (pids) => {
    const { Process } = require('multiproc');
    const notes = (pids, index) => {
      pids.view[index] = process.pid;
      return new Promise((resolve) => setTimeout(resolve, 600_000));
    };
    new Process(notes, { args: [pids, 0], orphan: 'allow', stdio: 'ignore' }).start();
    new Process(notes, { args: [pids, 1], stdio: 'ignore' }).start();
  });
  await child.terminate();
  t.true(isGone(pids[1]));
  t.false(isGone(pids[0]));
  process.kill(pids[0], 'SIGKILL');
  await until(() => isGone(pids[0]), 'it ends');
});

test.serial('signal with tree reaches everything below', async (t) => {
  const { child, pids } = await withPids(t, 2, deep);
  t.true(child.signal('SIGSTOP', { tree: true }));
  await until(() => pids.every((pid) => processState(pid).state === 'stopped'), 'all stand still');
  child.signal('SIGKILL', { tree: true });
  await child.join();
  await until(() => pids.every(isGone), 'all end');
});

test.serial('signal with group reaches the process group of a detached process, and of no other', async (t) => {
  const { child, pids } = await withPids(
    t,
    1,
    (pids) => {
      const { spawn } = require('node:child_process');
      pids.view[0] = spawn('sleep', ['1000'], { stdio: 'ignore' }).pid;
      setInterval(() => {}, 1000);
    },
    { detached: true },
  );
  t.true(child.signal('SIGKILL', { group: true }));
  await child.join();
  await until(() => pids.every(isGone), 'its child ends, too');
  t.false(child.signal('SIGKILL', { group: true }));
  const usual = new Process(() => {}, { stdio: 'ignore' }).start();
  t.throws(() => usual.signal('SIGKILL', { group: true }), { code: 'ERR_INVALID_ARG_VALUE' });
  for (const signal of ['SIGNOTHING', 99, -1, 1.5]) {
    t.throws(() => usual.signal(signal), { code: 'ERR_INVALID_ARG_VALUE' });
  }
  await usual.join();
});

test.serial('requestStop aborts the stop signal with its reason, and waits for the end', async (t) => {
  const child = new Process(async () => {
    const { currentProcess } = require('multiproc');
    const { once } = require('node:events');
    const { stopSignal } = currentProcess();
    const timer = setInterval(() => {}, 1000);
    if (!stopSignal.aborted) await once(stopSignal, 'abort');
    clearInterval(timer);
    return [stopSignal.reason, stopSignal === currentProcess().stopSignal];
  }).start();
  await child.requestStop({ code: 'maintenance', until: 5n });
  t.is(child.state, 'exited');
  t.deepEqual(await child.result, [{ code: 'maintenance', until: 5n }, true]);
  t.is(child.exitReason, 'ok');
  await child.requestStop();
});

test.serial('a process that does not heed the request is terminated after the grace', async (t) => {
  const child = new Process(() => new Promise((resolve) => setTimeout(resolve, 600_000)), { stdio: 'ignore' }).start();
  const begin = process.hrtime.bigint();
  await child.requestStop('enough', { grace: 100 });
  t.true(process.hrtime.bigint() - begin >= 99_000_000n);
  t.is(child.signalCode, 'SIGTERM');
  const spins = new Process(() => {
    process.on('SIGTERM', () => {});
    for (;;);
  }).start();
  await spins.requestStop('enough', { grace: 20 });
  t.true(['SIGKILL', 'SIGTERM'].includes(spins.signalCode));
});

test.serial('a reason that cannot travel is refused, and nothing is asked', async (t) => {
  const child = new Process(() => new Promise((resolve) => setTimeout(resolve, 600_000)), { stdio: 'ignore' }).start();
  const error = await t.throwsAsync(child.requestStop({ why: () => 1 }), { code: 'ERR_MULTIPROC_SERIALIZE' });
  t.is(error.path, 'reason.why');
  t.true(child.isAlive());
  await t.throwsAsync(child.requestStop('x', { grace: -1 }), { code: 'ERR_OUT_OF_RANGE' });
  await child.terminate();
});

test.serial('a SIGINT from elsewhere is ignored, an interrupt is not', async (t) => {
  const { child } = await withPids(t, 1, (pids) => {
    pids.view[0] = process.pid;
    setInterval(() => {}, 1000);
  });
  for (let round = 0; round < 3; round += 1) process.kill(child.pid, 'SIGINT');
  t.false(await child.join({ timeout: 100 }));
  t.true(child.interrupt());
  await child.join();
  t.deepEqual([child.exitCode, child.signalCode, child.exitReason], [null, 'SIGINT', 'signal']);
});

test.serial('a program that listens to SIGINT gets it, wherever it comes from', async (t) => {
  const { child, pids } = await withPids(t, 1, (counts) => {
    process.on('SIGINT', () => {
      counts.view[0] += 1;
    });
    counts.view[0] = process.pid;
    setInterval(() => {}, 1000);
  });
  t.truthy(pids);
  process.kill(child.pid, 'SIGINT');
  t.false(await child.join({ timeout: 100 }));
  child.interrupt();
  t.false(await child.join({ timeout: 100 }), 'it decides itself what becomes of it');
  await child.terminate();
});

test.serial('a time limit kills the process and says so', async (t) => {
  const child = new Process(
    () => {
      for (;;);
    },
    { timeout: 200 },
  ).start();
  const error = await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_PROCESS_DIED', message: /timeout/ });
  t.is(error.exitReason, 'timeout');
  t.deepEqual([child.exitReason, child.signalCode], ['timeout', 'SIGKILL']);
  const quick = new Process(() => 1, { timeout: 60_000 }).start();
  t.is(await quick.result, 1);
  await quick.join();
  t.is(quick.exitReason, 'ok');
});

test.serial('a heap that is full ends the process alone, and the reason says so, in a pool too', async (t) => {
  const fills = () => {
    const kept = [];
    for (;;) kept.push(new Array(1000).fill({}));
  };
  const child = new Process(fills, { maxHeapMb: 30, stdio: 'ignore' }).start();
  const error = await t.throwsAsync(child.result, { code: 'ERR_MULTIPROC_PROCESS_DIED', message: /heap/ });
  t.is(error.exitReason, 'heap-oom');
  t.is(child.exitReason, 'heap-oom');
  const pool = new Pool({ workers: 1, stdio: 'ignore', execArgv: ['--max-old-space-size=30'] });
  t.like(await t.throwsAsync(pool.run(fills)), { code: 'ERR_MULTIPROC_WORKER_DIED', exitReason: 'heap-oom' });
  t.is(await pool.run(() => 1), 1);
  await pool.terminate();
});

test.serial('an abort of the program’s own is no full heap', async (t) => {
  const child = new Process(() => process.abort(), { stdio: 'ignore' }).start();
  await child.join();
  t.deepEqual([child.exitReason, child.signalCode], ['signal', 'SIGABRT']);
});

test('a kill by the kernel for memory is told from another by the count of the control group', (t) => {
  let count = 7;
  const record = new ExitRecord(() => count);
  const killed = { exitCode: null, signalCode: 'SIGKILL' };
  t.is(record.reason(killed), 'signal');
  count = 8;
  t.is(record.reason(killed), 'kernel-oom');
  t.is(record.reason({ exitCode: null, signalCode: 'SIGTERM' }), 'signal');
  record.isKilledByUs = true;
  t.is(record.reason(killed), 'signal');
  const blind = new ExitRecord(() => NaN);
  t.is(blind.reason(killed), 'signal');
});

test('the files of control groups of both versions', (t) => {
  t.deepEqual(groups('0::/user.slice\n'), ['/sys/fs/cgroup/user.slice/memory.events']);
  t.deepEqual(groups('5:cpu,memory:/a/b\n4:cpuset:/\n'), ['/sys/fs/cgroup/memory/a/b/memory.oom_control']);
  t.deepEqual(groups(''), []);
});

test.serial('limits of the system are set, and a breach ends the process alone', async (t) => {
  const child = new Process(
    () => {
      for (;;);
    },
    { cpuTime: 1000, nice: 7, nofile: 90, cpus: [lastAllowed()], stdio: 'ignore' },
  ).start();
  const limits = fs.readFileSync(`/proc/${child.pid}/limits`, 'utf8');
  t.regex(limits, /Max open files\s+90\s+90/);
  t.regex(limits, /Max cpu time\s+1\s+2/);
  const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
  t.regex(status, new RegExp(`Cpus_allowed_list:\\s*${lastAllowed()}\n`));
  t.is(fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ')[19 - 3], '7');
  const error = await t.throwsAsync(child.result, { message: /cpuTime/ });
  t.deepEqual([error.exitReason, child.exitReason, child.signalCode], ['cpu-time', 'cpu-time', 'SIGXCPU']);
});

function lastAllowed() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  return Number(/Cpus_allowed_list:.*?(\d+)$/m.exec(status)[1]);
}

test.serial('a process above its maxRss is killed, also while this one blocks', (t) => {
  const child = new Process(
    () => {
      const kept = [];
      setInterval(() => kept.push(Buffer.alloc(16 << 20, 1)), 10);
    },
    { maxRss: 200 << 20, stdio: 'ignore' },
  ).start();
  t.true(child.joinSync(60_000));
  t.deepEqual([child.exitReason, child.signalCode], ['max-rss', 'SIGKILL']);
});

test.serial('the stack of a failure tells what was called there, then where it was started here', async (t) => {
  const child = new Process(
    function explodes() {
      throw new RangeError('there');
    },
    { name: 'bomb', stdio: 'ignore' },
  );
  function startsIt() {
    child.start();
  }
  startsIt();
  const { stack } = await t.throwsAsync(child.result);
  t.regex(
    stack,
    /^RangeError: there\n\s+at explodes[\s\S]*--- bomb \(process \d+\) was started here:\n\s+at startsIt /,
  );
  const dies = new Process(() => process.exit(3), { stdio: 'ignore' });
  function startsThat() {
    dies.start();
  }
  startsThat();
  t.regex((await t.throwsAsync(dies.result)).stack, /^ProcessDiedError: .*code 3.*\n\s+at startsThat /);
  await Promise.all([child.join(), dies.join()]);
});
