'use strict';
// spawnSync(), execFileSync() and execSync(): results, limits, stdio, errors.

const childProcess = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const directory = path.join(__dirname, '..', 'fixtures');

/** The result without its pid, which is told as a type; the keys in their order. */
function plain(result, describeFailure) {
  const { pid, error, ...rest } = result;
  return {
    keys: Object.keys(result),
    pid: pid === 0 ? 0 : typeof pid,
    error: error && describeFailure(error),
    ...rest,
  };
}

const runs = (name, ...args) => ({
  name: `spawnSync: ${name}`,
  run: ({ spawnSync, describeFailure }) => plain(spawnSync(...args), describeFailure),
});
const shell = (name, script, options) => runs(name, 'sh', ['-c', script], options);

/** What the other two return or throw. */
const gives = (call, name, ...args) => ({
  name: `${call}: ${name}`,
  run: ({ [call]: run, describeFailure }) => {
    try {
      return { value: run(...args) };
    } catch (error) {
      const { pid, status, signal } = error;
      const isItself = error.error === error;
      return { error: describeFailure(error), pid: typeof pid, status, signal, isItself };
    }
  },
});

/** What a program shows on its standard error, when the call is made in it. */
const shows = (call, args) => ({
  name: `${call}(${JSON.stringify(args)}): what is shown`,
  run: ({ implementation }) => {
    const file = implementation === childProcess ? 'node:child_process' : path.join(__dirname, '..', '..', '..');
    const program = `try { require(${JSON.stringify(file)}).${call}(...${JSON.stringify(args)}) } catch {}`;
    const { stdout, stderr } = childProcess.spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    return { stdout, stderr };
  },
});

function withScratchFile(use) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-sync-'));
  try {
    return use(path.join(folder, 'file'));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

module.exports = [
  shell('output of both streams', 'echo out; echo err >&2'),
  shell('exit code', 'exit 7'),
  shell('exit code 255', 'exit 255'),
  shell('a signal ends it', 'echo out; kill -KILL $$'),
  shell('a real-time signal ends it, which has no name', 'kill -40 $$'),
  shell('encoding utf8', 'printf ü', { encoding: 'utf8' }),
  shell('encoding buffer', 'printf ü', { encoding: 'buffer' }),
  shell('encoding hex', 'printf ü; printf ö >&2', { encoding: 'hex' }),
  runs('without arguments', 'true'),
  runs('options stand for arguments', 'pwd', { cwd: directory, encoding: 'utf8' }),
  runs('arguments are null', 'pwd', null, { cwd: directory, encoding: 'utf8' }),
  runs('a command that is not there', 'no-such-program-here', ['a', 'b']),
  runs('a command that may not be executed', '/'),
  runs('a path through a file', '/dev/null/x'),
  runs('a name that is too long', `/${'x'.repeat(300)}`),
  runs('an argument that is too long', 'true', ['x'.repeat(1 << 20)]),
  runs('cwd is empty', 'true', { cwd: '' }),
  runs('cwd missing', 'true', { cwd: '/no/such/directory' }),
  runs('a descriptor that is not open', 'true', { stdio: [0, 1, 99_999] }),
  shell('env', 'echo "$A"', { env: { A: 'ü', PATH: process.env.PATH }, encoding: 'utf8' }),
  shell('argv0', 'cat /proc/$$/cmdline; true', { argv0: 'another', encoding: 'utf8' }),
  runs('with a shell', 'echo a; echo b', { shell: true, encoding: 'utf8' }),
  shell('detached', 'true', { detached: true }),
  runs('the signal of others is not looked at', 'true', { signal: 'anything' }),
  shell('windows options', 'true', { windowsHide: true, windowsVerbatimArguments: true }),

  shell('input is text', 'cat', { input: 'ü in' }),
  shell('input is empty', 'cat', { input: '' }),
  shell('input is bytes', 'cat', { input: Buffer.from('in') }),
  shell('input is a typed array', 'od -An -tx1', { input: new Uint16Array([1, 513]), encoding: 'utf8' }),
  shell('input is a part of its memory', 'od -An -tx1', {
    input: new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
    encoding: 'utf8',
  }),
  shell('input in hex', 'cat', { input: 'c3bc', encoding: 'hex' }),
  shell('input that is not read', 'sleep 0.2; exit 3', { input: 'unread' }),
  shell('input for nobody', 'cat', { input: 'in', stdio: ['ignore', 'pipe', 'pipe'] }),
  shell('no input is the end', 'cat; echo ended'),
  {
    name: 'spawnSync: ten megabytes there and back',
    run: ({ spawnSync }) => {
      const bytes = Buffer.alloc(10 << 20, 'x');
      const { status, stdout, error } = spawnSync('cat', { input: bytes, maxBuffer: Infinity });
      return [status, error, stdout.equals(bytes)];
    },
  },
  {
    name: 'spawnSync: a megabyte that nobody reads is EPIPE',
    run: ({ spawnSync, describeFailure }) =>
      plain(spawnSync('sh', ['-c', 'exec <&-; echo out'], { input: Buffer.alloc(1 << 20) }), describeFailure),
  },

  shell('maxBuffer is exactly the output', 'printf 12345', { maxBuffer: 5 }),
  shell('maxBuffer is one less', 'printf 12345; exec sleep 1000', { maxBuffer: 4 }),
  shell('maxBuffer counts the streams together', 'printf 123; printf 45 >&2; exec sleep 1000', { maxBuffer: 4 }),
  shell('maxBuffer is 0', 'printf 12345', { maxBuffer: 0 }),
  shell('maxBuffer is undefined', 'head -c 2000000 /dev/zero', { maxBuffer: undefined }),
  shell('maxBuffer with killSignal', 'printf 12345; exec sleep 1000', { maxBuffer: 1, killSignal: 'SIGINT' }),
  {
    name: 'spawnSync: maxBuffer unless told is a mebibyte',
    run: ({ spawnSync }) => {
      const sizes = [1 << 20, (1 << 20) + 1];
      return sizes.map((size) => spawnSync('head', ['-c', String(size), '/dev/zero'])).map(({ error }) => error?.code);
    },
  },
  shell('timeout', 'echo out; exec sleep 1000', { timeout: 700 }),
  shell('timeout with killSignal', 'exec sleep 1000', { timeout: 100, killSignal: 'SIGKILL' }),
  shell('timeout with killSignal as a number', 'exec sleep 1000', { timeout: 100, killSignal: 2 }),
  shell('timeout that does not pass', 'echo out', { timeout: 60_000 }),
  shell('timeout of one that catches the signal', 'trap "exit 4" TERM; echo out; sleep 1 & wait', { timeout: 600 }),
  {
    name: 'spawnSync: a timeout, while a grandchild keeps a pipe of a program that has ended',
    run: async ({ spawnSync, describeFailure }) => {
      const begin = process.hrtime.bigint();
      const result = spawnSync('sh', ['-c', 'sleep 20 & echo $!'], { timeout: 500, encoding: 'utf8' });
      const hasLasted = process.hrtime.bigint() - begin >= 499_000_000n;
      process.kill(Number(result.stdout));
      const { status, signal, error } = result;
      return { status, signal, error: describeFailure(error), hasLasted };
    },
  },
  {
    name: 'spawnSync: a timeout lasts for its time',
    run: ({ spawnSync }) => {
      const start = process.hrtime.bigint();
      spawnSync('sleep', ['1000'], { timeout: 120 });
      return process.hrtime.bigint() - start >= 119_000_000n;
    },
  },
  shell('a grandchild that holds the output is waited for', '(sleep 0.3; echo late) & echo early', {
    encoding: 'utf8',
  }),

  shell('stdio ignore', 'cat; echo out', { stdio: 'ignore' }),
  shell('stdio pipe', 'cat; echo out', { stdio: 'pipe' }),
  shell('stdio overlapped is pipe, in a list of others', 'cat; echo out', { stdio: ['pipe', null, undefined] }),
  shell('stdio short', 'echo out; echo err >&2', { stdio: ['pipe'] }),
  shell('stdio inherit of one', 'echo out; test -e /dev/stdin', { stdio: ['inherit', 'pipe', 'ignore'] }),
  shell('stdio beyond 2', 'echo three >&3; echo five >&5; test -e /proc/$$/fd/4 && echo open', {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'ignore', 'pipe'],
    encoding: 'utf8',
  }),
  shell('stdio with a negative number is pipe', 'echo out', { stdio: [-1, -1, -1] }),
  {
    name: 'spawnSync: stdio with descriptors and file streams',
    run: ({ spawnSync, describeFailure }) =>
      withScratchFile((file) => {
        fs.writeFileSync(file, 'content\n');
        const input = fs.openSync(file, 'r');
        const output = fs.openSync(`${file}.out`, 'w');
        try {
          const stdio = [input, output, { fd: output }];
          const result = spawnSync('sh', ['-c', 'cat; echo err >&2'], { stdio });
          return { ...plain(result, describeFailure), written: fs.readFileSync(`${file}.out`, 'utf8') };
        } finally {
          fs.closeSync(input);
          fs.closeSync(output);
        }
      }),
  },
  {
    name: 'spawnSync: uid and gid',
    run: ({ spawnSync, describeFailure }) =>
      plain(spawnSync('id', ['-u'], { uid: 65534, gid: 65534, encoding: 'utf8' }), describeFailure),
  },
  {
    name: 'spawnSync: children of the event loop are not disturbed',
    run: async ({ spawn, spawnSync, closed }) => {
      const child = spawn('sh', ['-c', 'exit 9']);
      const events = closed(child);
      const statuses = Array.from({ length: 10 }, (_, index) => spawnSync('sh', ['-c', `exit ${index}`]).status);
      return [statuses, await events];
    },
  },

  gives('execFileSync', 'output', 'printf', ['%s', 'ü']),
  gives('execFileSync', 'output as text', 'printf', ['%s', 'ü'], { encoding: 'utf8' }),
  gives('execFileSync', 'no stdout', 'printf', ['x'], { stdio: 'ignore' }),
  gives('execFileSync', 'not there', 'no-such-program-here', ['a'], { stdio: 'pipe' }),
  gives('execFileSync', 'failure', 'sh', ['-c', 'echo out; echo err >&2; exit 3'], { stdio: 'pipe' }),
  gives('execFileSync', 'failure as text', 'sh', ['-c', 'echo out; exit 3'], { encoding: 'utf8', stdio: 'pipe' }),
  gives('execFileSync', 'failure with argv0', 'sh', ['-c', 'exit 3'], { argv0: 'zero', stdio: 'pipe' }),
  gives('execFileSync', 'a signal', 'sh', ['-c', 'kill -TERM $$']),
  gives('execFileSync', 'timeout', 'sleep', ['1000'], { timeout: 100 }),
  gives('execFileSync', 'maxBuffer', 'sh', ['-c', 'printf 12345; exec sleep 1000'], { maxBuffer: 4 }),
  gives('execFileSync', 'options stand for arguments', 'pwd', { cwd: directory, encoding: 'utf8' }),
  gives('execFileSync', 'input', 'cat', { input: 'in', encoding: 'utf8' }),
  gives('execFileSync', 'a shell', 'echo', ['a; echo b'], { shell: true, encoding: 'utf8' }),
  gives('execSync', 'output', 'echo a; echo ü'),
  gives('execSync', 'output as text', 'echo a; echo ü', { encoding: 'utf8' }),
  gives('execSync', 'options are null', 'echo a', null),
  gives('execSync', 'options are a function', 'echo a', () => {}),
  gives('execSync', 'input', 'cat', { input: 'in' }),
  gives('execSync', 'failure', 'echo out; echo err >&2; exit 3', { stdio: 'pipe' }),
  gives('execSync', 'failure without words', 'exit 3'),
  gives('execSync', 'shell that is not there', 'true', { shell: '/no/such/shell' }),
  gives('execSync', 'timeout', 'exec sleep 1000', { timeout: 100, killSignal: 'SIGKILL' }),
  shows('execSync', ['echo out; echo err >&2']),
  shows('execSync', ['echo out; echo err >&2; exit 1']),
  shows('execSync', ['echo out; echo err >&2', { stdio: 'pipe' }]),
  shows('execSync', ['echo out; echo err >&2', { stdio: 'inherit' }]),
  shows('execFileSync', ['sh', ['-c', 'echo out; echo err >&2']]),
  shows('execFileSync', ['sh', ['-c', 'echo out; echo err >&2'], { stdio: ['ignore', 'inherit', 'ignore'] }]),
  shows('spawnSync', ['sh', ['-c', 'echo out; echo err >&2']]),
];
