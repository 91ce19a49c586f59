'use strict';
// Processes that the fork server has started are like those that were started the ordinary way.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { Lock, Process, SharedValue, forkServer, setStartMethod, wait } = require('../..');
const { guard } = require('../helpers/leaks');
const { processEntry } = require('../helpers/processes');
const { isReaped, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

test.serial('the server is ready', async (t) => {
  setStartMethod('forkserver');
  if (!(await forkServer.ready())) throw new Error(`no fork server: ${forkServer.reason}`);
  t.is(forkServer.state, 'ready');
});

/** Started by the server, or the test fails. */
function start(t, target, options) {
  const child = new Process(target, options).start();
  t.is(child.startMethod, 'forkserver');
  return child;
}

test.serial('the child is ours, with a pid of its own in JavaScript as in the system', async (t) => {
  const child = start(t, () => [
    process.pid,
    process.ppid,
    require('node:process').pid,
    require('node:fs').readlinkSync('/proc/self'),
  ]);
  t.deepEqual(await child.result, [child.pid, process.pid, child.pid, String(child.pid)]);
  await child.join();
  t.is(child.exitCode, 0);
  t.true(isReaped(child.pid));
  t.not(child.pid, forkServer.pid);
});

test.serial('ES modules see the pid, too', async (t) => {
  const child = start(t, async () => (await import('node:process')).pid);
  t.is(await child.result, child.pid);
});

test.serial('it has its own name, arguments, uptime and directory', async (t) => {
  const cwd = fs.realpathSync(os.tmpdir());
  const facts = () => ({
    name: require('../..').currentProcess().name,
    title: process.title,
    argv: process.argv.length,
    uptime: process.uptime(),
    cwd: process.cwd(),
    isMain: require('../..').isMainProcess,
    now: performance.timeOrigin + performance.now() - Date.now(),
  });
  const began = process.hrtime.bigint();
  const child = start(t, facts, { name: 'forked', cwd });
  const found = await child.result;
  t.like(found, { name: 'forked', title: 'forked', argv: 1, cwd, isMain: false });
  // The server has lived for longer.
  const elapsed = Number(process.hrtime.bigint() - began) / 1e9;
  t.true(found.uptime > 0 && found.uptime <= elapsed, `${found.uptime} s of ${elapsed} s`);
  t.true(Math.abs(found.now) < 1000, 'the clock shows the time of day');
});

test.serial('the directory of the parent at the time of the start', async (t) => {
  const before = process.cwd();
  const there = fs.realpathSync(os.tmpdir());
  process.chdir(there);
  try {
    t.is(await start(t, () => process.cwd()).result, there);
  } finally {
    process.chdir(before);
  }
});

test.serial('the environment of the parent at the time of the start, or the one that is given', async (t) => {
  process.env.FORK_SERVER_TEST = 'later';
  const look = () => [process.env.FORK_SERVER_TEST, process.env.HOME, 'EMPTY' in process.env, process.env.EMPTY];
  try {
    t.deepEqual(await start(t, look).result, ['later', process.env.HOME, false, undefined]);
  } finally {
    delete process.env.FORK_SERVER_TEST;
  }
  const { PATH } = process.env;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'HOME'));
  t.deepEqual(await start(t, look, { env: { ...env, PATH, EMPTY: '', FORK_SERVER_TEST: 'ä=b' } }).result, [
    'ä=b',
    undefined,
    true,
    '',
  ]);
});

test.serial('another time zone', async (t) => {
  const hour = () => new Date(0).getHours();
  const zones = ['Asia/Tokyo', 'America/New_York', 'UTC'];
  const hours = [];
  for (const TZ of zones) hours.push(await start(t, hour, { env: { ...process.env, TZ } }).result);
  t.deepEqual(hours, [9, 19, 0]);
});

test.serial('exit codes, and the ways to end', async (t) => {
  const ends = [
    [() => {}, { exitCode: 0, signalCode: null, exitReason: 'ok' }],
    [
      () => {
        process.exitCode = 5;
      },
      { exitCode: 5, signalCode: null, exitReason: 'code' },
    ],
    [() => process.exit(4), { exitCode: 4, signalCode: null, exitReason: 'code' }],
    [
      () => {
        throw new Error('thrown');
      },
      { exitCode: 1, signalCode: null, exitReason: 'code' },
    ],
    [
      () => {
        setImmediate(() => {
          throw new Error('uncaught');
        });
      },
      { exitCode: 1, signalCode: null, exitReason: 'code' },
    ],
    [() => process.abort(), { exitCode: null, signalCode: 'SIGABRT', exitReason: 'signal' }],
    [() => process.kill(process.pid, 'SIGKILL'), { exitCode: null, signalCode: 'SIGKILL', exitReason: 'signal' }],
  ];
  for (const [target, end] of ends) {
    const child = start(t, target, { stdio: 'ignore' });
    child.result.catch(() => {});
    t.deepEqual(await child.wait(), end, String(target));
    t.true(isReaped(child.pid));
  }
});

test.serial("'exit' and 'beforeExit' listeners run, and signals are what they are to Node.js", async (t) => {
  const listens = () => {
    process.once('beforeExit', () => console.log('beforeExit'));
    process.once('exit', () => console.log('exit'));
  };
  const child = start(t, listens, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.is(String(Buffer.concat(await child.stdout.toArray())), 'beforeExit\nexit\n');
  const handles = start(
    t,
    () =>
      new Promise((resolve) => {
        const timer = setInterval(() => {}, 1000);
        process.once('SIGTERM', () => {
          clearInterval(timer);
          resolve('handled');
        });
        console.log('up');
      }),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise((resolve) => handles.stdout.once('data', resolve));
  handles.signal('SIGTERM');
  t.is(await handles.result, 'handled');
});

test.serial('standard streams: pipes, files, none', async (t) => {
  const echo = () =>
    new Promise((resolve) => {
      let text = '';
      process.stdin.on('data', (part) => {
        text += part;
      });
      process.stdin.on('end', () => {
        process.stdout.write(text.toUpperCase());
        console.error('told');
        resolve(text);
      });
    });
  const child = start(t, echo, { stdio: 'pipe' });
  child.stdin.end('words');
  const [out, err] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  t.deepEqual([String(Buffer.concat(out)), String(Buffer.concat(err))], ['WORDS', 'told\n']);
  t.is(await child.result, 'words');

  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'fork-server-')), 'out');
  const fd = fs.openSync(file, 'w');
  await start(t, () => console.log('to a file'), { stdio: ['ignore', fd, fd] }).join();
  fs.closeSync(fd);
  t.is(fs.readFileSync(file, 'utf8'), 'to a file\n');
  fs.rmSync(path.dirname(file), { recursive: true });

  t.is(
    await start(t, () => require('node:fs').readlinkSync('/proc/self/fd/1'), { stdio: 'ignore' }).result,
    '/dev/null',
  );
});

test.serial('what threads do goes on in a copy: worker threads, files, names, compression, WebAssembly', async (t) => {
  const work = async () => {
    const { Worker } = require('node:worker_threads');
    const { gunzipSync } = require('node:zlib');
    const { promisify } = require('node:util');
    const worker = new Worker('require("node:worker_threads").parentPort.postMessage(40 + 2)', { eval: true });
    const answer = await new Promise((resolve) => worker.once('message', resolve));
    await new Promise((resolve) => worker.once('exit', resolve));
    const text = await require('node:fs/promises').readFile('/proc/self/comm', 'utf8');
    const { address } = await require('node:dns/promises').lookup('localhost');
    const packed = await promisify(require('node:zlib').gzip)('x'.repeat(100_000));
    const wasm = await WebAssembly.instantiate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    let garbage = [];
    for (let round = 0; round < 50; round += 1) garbage = Array.from({ length: 20_000 }, (_, index) => ({ index }));
    return [
      answer,
      text.length > 0,
      typeof address,
      gunzipSync(packed).length,
      wasm.instance instanceof WebAssembly.Instance,
      garbage.length,
    ];
  };
  t.deepEqual(await start(t, work).result, [42, true, 'string', 100_000, true, 20_000]);
});

test.serial('sockets and timers of its own', async (t) => {
  const work = async () => {
    const net = require('node:net');
    const server = net.createServer((socket) => socket.end('served')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const socket = net.connect(server.address().port, '127.0.0.1');
    const text = String(Buffer.concat(await socket.toArray()));
    server.close();
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return [text, performance.now() - began >= 19];
  };
  const children = Array.from({ length: 4 }, () => start(t, work));
  for (const child of children) t.deepEqual(await child.result, ['served', true]);
});

test.serial('it starts programs and processes in turn', async (t) => {
  const work = async () => {
    const { Process, execFile } = require('../..');
    const { promisify } = require('node:util');
    const { stdout } = await promisify(execFile)('echo', ['from below']);
    const child = new Process(() => [process.ppid, process.env.LD_PRELOAD]).start();
    return [stdout, await child.result, process.env.LD_PRELOAD];
  };
  const child = start(t, work);
  t.deepEqual(await child.result, ['from below\n', [child.pid, undefined], undefined]);
});

test.serial('what it starts by other means finds the family through it, made in advance or not', async (t) => {
  const look = () => [process.env.MULTIPROC_DOMAIN.split(':')[0], process.env.MULTIPROC_DOMAIN_FD];
  for (let round = 0; round < 5; round += 1) {
    const child = start(t, look);
    t.deepEqual(await child.result, [String(child.pid), undefined]);
    await child.join();
  }
});

test.serial('it is a member of the family: shared memory, locks, and their owner killed', async (t) => {
  const value = new SharedValue('i32', 0);
  const lock = new Lock();
  const adds = async (value, lock) => {
    for (let count = 0; count < 1000; count += 1) lock.runSync(() => (value.value += 1));
  };
  const children = Array.from({ length: 3 }, () => start(t, adds, { args: [value, lock] }));
  await Promise.all(children.map((child) => child.result));
  t.is(value.value, 3000);

  const holder = start(
    t,
    async (value, lock) => {
      await lock.acquire();
      value.value = -1;
      for (;;);
    },
    { args: [value, lock] },
  );
  await until(() => value.value === -1, 'the lock is held');
  holder.kill();
  t.true(await lock.acquire());
  t.is(lock.abandonedBy?.pid, holder.pid);
  lock.release();
});

test.serial('limits hold', async (t) => {
  const look = () => {
    const { readFileSync, readdirSync } = require('node:fs');
    // Each thread has its own of the first two.
    const threads = readdirSync('/proc/self/task').map((tid) => {
      const status = readFileSync(`/proc/self/task/${tid}/status`, 'utf8');
      const nice = readFileSync(`/proc/self/task/${tid}/stat`, 'utf8').split(') ')[1].split(' ')[16];
      return `${nice} ${/Cpus_allowed_list:\t(.*)/.exec(status)[1]}`;
    });
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return [threads.length > 4, [...new Set(threads)], /Max open files\s+(\d+)/.exec(limits)[1]];
  };
  t.deepEqual(await start(t, look, { nice: 5, cpus: [0], nofile: 200 }).result, [true, ['5 0'], '200']);
  const burns = start(
    t,
    () => {
      for (;;);
    },
    { cpuTime: 1000 },
  );
  burns.result.catch(() => {});
  await burns.join();
  t.is(burns.exitReason, 'cpu-time');
  const grows = start(
    t,
    () => {
      const kept = [];
      for (;;) kept.push(Buffer.alloc(1 << 20, 1));
    },
    { maxRss: 300 << 20 },
  );
  grows.result.catch(() => {});
  await grows.join();
  t.is(grows.exitReason, 'max-rss');
});

test.serial('a zombie that is reaped by hand', async (t) => {
  const child = start(t, () => process.exit(3), { reap: 'manual', stdio: 'ignore' });
  child.result.catch(() => {});
  await wait([child.sentinel]);
  t.is(processEntry(child.pid).state, 'Z');
  t.like(await child.wait(), { exitCode: 3 });
  t.true(isReaped(child.pid));
});

test.serial('twenty at once, over and over: every code is right, and nothing is left', async (t) => {
  const descriptors = () => fs.readdirSync(`/proc/${forkServer.pid}/fd`).length;
  const before = descriptors();
  for (let round = 0; round < 3; round += 1) {
    const children = Array.from({ length: 20 }, (_, code) =>
      start(t, (code) => process.exit(code), { args: [code], stdio: 'ignore' }),
    );
    for (const child of children) child.result.catch(() => {});
    await Promise.all(children.map((child) => child.join()));
    t.deepEqual(
      children.map((child) => child.exitCode),
      children.map((_, code) => code),
    );
    t.true(children.every((child) => isReaped(child.pid)));
  }
  t.is(descriptors(), before);
});

test.serial('all have the same descriptors open, however many there are', async (t) => {
  // But for those of processes, which the watchers find in their own time.
  const list = () => {
    const { readdirSync, readlinkSync } = require('node:fs');
    const targets = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/, 'N');
      } catch {
        // The list itself.
        return '';
      }
    });
    return targets.filter((target) => target !== '' && !/pidfd|^\/proc/.test(target)).sort();
  };
  const children = Array.from({ length: 5 }, () => start(t, list, { stdio: 'ignore' }));
  const [first, ...others] = await Promise.all(children.map((child) => child.result));
  for (const other of others) t.deepEqual(other, first);
  t.true(first.length < 40);
});

test.serial('the server ends', async (t) => {
  forkServer.stop();
  await until(() => forkServer.pid === null, 'it is gone');
  t.is(forkServer.state, 'off');
});
