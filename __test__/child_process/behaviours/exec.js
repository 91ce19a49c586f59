'use strict';
// exec() and execFile(): output, errors, limits, and their promise forms.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { promisify } = require('node:util');

const directory = path.join(__dirname, '..', 'fixtures');
const STUBBORN = 'trap "" TERM; echo ready; while :; do read x; done';
/** Two bytes each. */
const UMLAUTS = 'ü'.repeat(10);

/** The child, and what the callback got, in one turn of events. */
const shell = (name, command, options) => ({
  name: `exec: ${name}`,
  run: ({ exec, called }) => called(exec, command, ...(options === undefined ? [] : [options])),
});

const file = (name, ...args) => ({
  name: `execFile: ${name}`,
  run: ({ execFile, called }) => called(execFile, ...args),
});

/** What a promise form settles with; `act` gets its child. */
async function promised({ implementation, describeFailure }, call, args, act) {
  const promise = promisify(implementation[call])(...args);
  const fields = [typeof promise.child.pid, promise.child.constructor.name];
  await act?.(promise.child);
  try {
    return { fields, value: await promise };
  } catch (error) {
    return { fields, error: describeFailure(error) };
  }
}

module.exports = [
  shell('output of both streams', 'echo out; echo err >&2'),
  shell('nothing printed', 'true'),
  shell('a command that fails, with what it printed', 'echo out; echo err >&2; exit 3'),
  shell('a command that is not there', 'no-such-program-here'),
  shell('a command that a signal ends', 'echo out; kill -KILL $$'),
  shell('options are null', 'echo out', null),
  shell('options are undefined', 'echo out', undefined),
  shell('options are text, which has none', 'echo out', 'options'),
  shell('cwd', 'pwd', { cwd: directory }),
  shell('cwd as a URL', 'pwd', { cwd: pathToFileURL(directory) }),
  shell('cwd is empty', 'pwd', { cwd: '' }),
  shell('cwd missing', 'pwd', { cwd: '/no/such/directory' }),
  shell('env', 'echo "$A"', { env: { A: 'ü', PATH: process.env.PATH } }),
  shell('shell by name', 'echo $0', { shell: '/bin/sh' }),
  shell('shell is false: still a shell', 'echo a; echo b', { shell: false }),
  shell('shell is empty: still the shell', 'echo a; echo b', { shell: '' }),
  shell('shell that is not there', 'echo', { shell: '/no/such/shell' }),
  shell('encoding buffer', 'printf ü; printf ö >&2', { encoding: 'buffer' }),
  shell('encoding null', 'printf ü', { encoding: null }),
  shell('encoding hex', 'printf ü; printf ö >&2', { encoding: 'hex' }),
  shell('encoding latin1', 'printf ü', { encoding: 'latin1' }),
  shell('encoding base64, in pieces', 'printf ab; sleep 0.05; printf c', { encoding: 'base64' }),
  shell('encoding unknown', 'printf ü', { encoding: 'no-such-encoding' }),
  shell('a command that fails, as bytes', 'printf ü; printf ö >&2; exit 1', { encoding: 'buffer' }),
  shell('maxBuffer is exactly the output', 'printf 12345', { maxBuffer: 5 }),
  shell('maxBuffer is one less', 'printf 12345; read x', { maxBuffer: 4 }),
  shell('maxBuffer of stderr', 'printf 12345 >&2; read x', { maxBuffer: 4 }),
  shell('maxBuffer counts each stream by itself', 'printf 12345; printf 12345 >&2', { maxBuffer: 5 }),
  shell('maxBuffer is 0', 'printf 1; read x', { maxBuffer: 0 }),
  shell('maxBuffer is 0, and nothing is printed', 'true', { maxBuffer: 0 }),
  shell('maxBuffer is Infinity', 'head -c 2000000 /dev/zero | tr "\\0" x', { maxBuffer: Infinity }),
  shell('maxBuffer is undefined', 'head -c 2000000 /dev/zero | tr "\\0" x', { maxBuffer: undefined }),
  shell('maxBuffer is null', 'printf 1; read x', { maxBuffer: null }),
  shell('maxBuffer within a character', `printf ${UMLAUTS}; read x`, { maxBuffer: 5 }),
  shell('maxBuffer of bytes', `printf ${UMLAUTS}; read x`, { maxBuffer: 5, encoding: 'buffer' }),
  shell('timeout', 'echo out; exec sleep 1000', { timeout: 700 }),
  shell('timeout with killSignal', 'echo out; exec sleep 1000', { timeout: 700, killSignal: 'SIGKILL' }),
  shell('timeout that does not pass', 'echo out', { timeout: 60_000 }),
  shell('timeout is 0', 'echo out', { timeout: 0 }),
  shell('aborted before the start', 'exec sleep 1000', { signal: AbortSignal.abort('why') }),
  shell('windows options', 'echo out', { windowsHide: 'yes', windowsVerbatimArguments: 1 }),
  {
    name: 'exec: maxBuffer unless told is a mebibyte',
    run: async ({ exec, called }) => {
      const whole = await called(exec, 'head -c 1048576 /dev/zero');
      const more = await called(exec, 'head -c 1048577 /dev/zero; read x');
      return [whole, more].map(({ error, stdout }) => [error?.code, stdout.length]);
    },
  },
  {
    name: 'exec: abort while it runs',
    run: async ({ exec, called }) => {
      const controller = new AbortController();
      const start = (...args) => {
        const child = exec(...args);
        child.stdout.once('data', () => controller.abort(new Error('the reason')));
        return child;
      };
      return called(start, 'echo ready; exec sleep 1000', { signal: controller.signal });
    },
  },
  {
    name: 'exec: kill() of the child',
    run: async ({ exec, called }) => {
      const start = (...args) => {
        const child = exec(...args);
        child.stdout.once('data', () => child.kill('SIGINT'));
        return child;
      };
      return called(start, 'echo ready; exec sleep 1000');
    },
  },
  {
    name: 'exec: the timeout of a command that ignores its signal',
    run: async ({ exec, watch }) => {
      const child = exec(STUBBORN, { timeout: 200 });
      const events = watch(child);
      await new Promise((resolve) => child.stdout.once('close', resolve));
      const at = { killed: child.killed, exitCode: child.exitCode };
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
      return { at, events };
    },
  },
  {
    name: 'exec: without a callback the child is all there is',
    run: async ({ exec, closed, collect }) => {
      const child = exec('echo out; exit 4');
      const output = collect(child, child.stdout);
      const { spawnfile, spawnargs } = child;
      return { events: await closed(child), output, spawnfile, spawnargs, encoding: child.stdout.readableEncoding };
    },
  },
  {
    name: 'exec: input',
    run: ({ exec, called }) => {
      const start = (...args) => {
        const child = exec(...args);
        child.stdin.end('in');
        return child;
      };
      return called(start, 'cat');
    },
  },
  {
    name: 'exec: setEncoding of the caller',
    run: ({ exec, called }) => {
      const start = (...args) => {
        const child = exec(...args);
        child.stdout.setEncoding('hex');
        return child;
      };
      return called(start, 'printf ü; printf ö >&2', { encoding: 'buffer' });
    },
  },
  {
    name: 'exec: kill that throws is told',
    run: ({ exec, called }) => {
      const start = (...args) => {
        const child = exec(...args);
        const { kill } = child;
        child.kill = () => {
          child.kill = kill;
          child.kill('SIGKILL');
          throw new Error('not killed');
        };
        return child;
      };
      return called(start, 'exec sleep 1000', { timeout: 100 });
    },
  },
  {
    name: 'exec: what the callback throws is uncaught',
    run: ({ exec }) =>
      new Promise((resolve) => {
        const listeners = process.listeners('uncaughtException');
        process.removeAllListeners('uncaughtException');
        process.once('uncaughtException', (error) => {
          for (const listener of listeners) process.on('uncaughtException', listener);
          resolve(error.message);
        });
        exec('true', () => {
          throw new Error('thrown by the callback');
        });
      }),
  },

  file('arguments arrive whole, without a shell', 'printf', ['[%s]', 'a b', '$HOME', '']),
  file('without arguments', 'true'),
  file('options stand for arguments', 'pwd', { cwd: directory }),
  file('arguments are null', 'pwd', null, { cwd: directory }),
  file('arguments are undefined', 'pwd', undefined, { cwd: directory }),
  file('options are null', 'printf', ['x'], null),
  file('a file that is not there', 'no-such-program-here', ['a', 'b']),
  file('a file that may not be executed', '/', []),
  file('a program that fails', 'sh', ['-c', 'echo out; echo err >&2; exit 3']),
  file('with a shell', 'echo', ['a; echo b'], { shell: true }),
  file('argv0 counts for nothing', 'sh', ['-c', 'echo $0'], { argv0: 'another' }),
  file('stdio counts for nothing', 'echo', ['out'], { stdio: 'ignore' }),
  file('a signal ends it', 'sh', ['-c', 'kill -TERM $$']),
  file('timeout', 'sleep', ['1000'], { timeout: 100 }),
  file('maxBuffer', 'sh', ['-c', 'printf 12345; read x'], { maxBuffer: 3, killSignal: 'SIGKILL' }),
  {
    name: 'execFile: without callback, an error nobody listens to is none',
    run: async ({ execFile, watch }) => {
      const child = execFile('no-such-program-here');
      await new Promise((resolve) => child.once('close', resolve));
      return [watch(child), child.listenerCount('error'), child.exitCode];
    },
  },
  {
    name: 'execFile: the callback is a function of its own',
    run: ({ execFile }) =>
      new Promise((resolve) => {
        execFile('true', function (...args) {
          resolve([this === undefined, args.length]);
        });
      }),
  },
  {
    name: 'execFile: listeners of the child',
    run: async ({ execFile }) => {
      const child = execFile('true', { timeout: 60_000 }, () => {});
      const counts = ['exit', 'close', 'error', 'spawn'].map((event) => child.listenerCount(event));
      await new Promise((resolve) => child.once('close', resolve));
      return counts;
    },
  },

  { name: 'promisified exec: output', run: (t) => promised(t, 'exec', ['echo out; echo err >&2']) },
  { name: 'promisified exec: failure', run: (t) => promised(t, 'exec', ['echo out; echo err >&2; exit 5']) },
  { name: 'promisified execFile: output', run: (t) => promised(t, 'execFile', ['printf', ['%s', 'x']]) },
  { name: 'promisified execFile: not there', run: (t) => promised(t, 'execFile', ['no-such-program-here']) },
  {
    name: 'promisified execFile: bytes',
    run: (t) => promised(t, 'execFile', ['printf', ['x'], { encoding: 'buffer' }]),
  },
  {
    name: 'promisified execFile: killed',
    run: (t) => promised(t, 'execFile', ['sleep', ['1000']], (child) => child.kill()),
  },
  {
    name: 'promisified exec: aborted',
    run: (t) => {
      const controller = new AbortController();
      return promised(t, 'exec', ['exec sleep 1000', { signal: controller.signal }], () => controller.abort('why'));
    },
  },
  {
    name: 'promisified: bad arguments are thrown',
    run: ({ implementation, thrown }) => [
      thrown(() => promisify(implementation.exec)(1)),
      thrown(() => promisify(implementation.execFile)('true', { signal: {} })),
      thrown(() => promisify(implementation.execFile)('true', { timeout: -1 })),
    ],
  },
];
