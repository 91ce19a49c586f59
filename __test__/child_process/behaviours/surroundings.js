'use strict';
// What a program finds: arguments, environment, directory, shell, session, identity.

const { createHook } = require('node:async_hooks');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

async function output({ spawn, closed, collect }, ...args) {
  const child = spawn(...args);
  const out = collect(child, child.stdout);
  const err = collect(child, child.stderr);
  return { events: await closed(child), out: out.text, err: err.text, spawnargs: child.spawnargs };
}

const directory = path.join(__dirname, '..', 'fixtures');
const PRINT_ENV = ['-c', 'env | grep -v -e ^_= -e ^PWD= -e ^SHLVL= -e ^OLDPWD= | sort'];

module.exports = [
  { name: 'arguments arrive whole', run: (t) => output(t, 'printf', ['[%s]', 'a b', '', '"$HOME"', 'ü€😀', '*']) },
  {
    name: 'an unpaired surrogate becomes the replacement character',
    run: (t) => output(t, 'printf', ['%s', '\ud800x']),
  },
  { name: 'argv0', run: (t) => output(t, 'sh', ['-c', 'cat /proc/$$/cmdline; true'], { argv0: 'another' }) },
  { name: 'cwd as a path', run: (t) => output(t, 'pwd', { cwd: directory }) },
  { name: 'cwd as a URL', run: (t) => output(t, 'pwd', { cwd: pathToFileURL(directory) }) },
  { name: 'a relative command is looked for in cwd', run: (t) => output(t, './echo.sh', ['x'], { cwd: directory }) },
  {
    name: 'env replaces the whole environment',
    run: (t) => output(t, 'sh', PRINT_ENV, { env: { PATH: process.env.PATH, A: '1', B: 'ü' } }),
  },
  {
    name: 'env: undefined is left out, inherited and other types become text',
    run: (t) =>
      output(t, 'sh', PRINT_ENV, {
        env: {
          __proto__: { INHERITED: 'yes' },
          PATH: process.env.PATH,
          GONE: undefined,
          NULL: null,
          NUMBER: 1,
          EMPTY: '',
        },
      }),
  },
  {
    name: 'env: what a polluted prototype adds',
    run: async ({ spawnSync, fork }) => {
      Object.prototype.POLLUTED = 'by the prototype';
      try {
        const script = ['-c', 'echo $POLLUTED'];
        const texts = [{}, { env: { A: '1' } }].map((options) => String(spawnSync('sh', script, options).stdout));
        const program = path.join(__dirname, '..', '..', 'fixtures', 'fork', 'runs_argument.js');
        const child = fork(program, ['() => process.send(process.env.POLLUTED ?? null)']);
        return [texts, await new Promise((resolve) => child.once('message', resolve))];
      } finally {
        delete Object.prototype.POLLUTED;
      }
    },
  },
  { name: 'env without PATH', run: (t) => output(t, 'env', { env: { A: '1' } }) },
  {
    name: 'process.env is the default',
    run: async (t) => {
      process.env.MULTIPROC_SPAWN_TEST = 'seen';
      try {
        return await output(t, 'sh', ['-c', 'echo $MULTIPROC_SPAWN_TEST']);
      } finally {
        delete process.env.MULTIPROC_SPAWN_TEST;
      }
    },
  },
  { name: 'shell: true', run: (t) => output(t, 'echo $((1+1)); echo error >&2; exit 7', { shell: true }) },
  { name: 'shell: a path', run: (t) => output(t, 'echo $0', { shell: '/bin/sh' }) },
  { name: 'shell with arguments', run: (t) => output(t, 'echo', ['a   b', '$((2+2))'], { shell: true }) },
  { name: 'shell: false', run: (t) => output(t, 'echo', ['$HOME'], { shell: false }) },
  { name: 'shell: missing', run: (t) => output(t, 'true', { shell: '/no/such/shell' }) },
  { name: 'shell: an unknown command', run: (t) => output(t, 'exit 127', { shell: true }) },
  {
    name: 'detached: a session of its own, else the same',
    run: async (t) => {
      const sessions = [];
      for (const detached of [true, false]) {
        const { out } = await output(t, 'sh', ['-c', "echo $$; sed 's/.*) //' /proc/$$/stat"], { detached });
        const [pid, stat] = out.split('\n');
        sessions.push(stat.split(' ')[3] === pid);
      }
      return sessions;
    },
  },
  {
    name: 'uid and gid: taken, or refused without privilege',
    run: async (t) => {
      const options = { uid: 65534, gid: 65534 };
      if (process.getuid() === 0) return output(t, 'sh', ['-c', 'id -u; id -g; id -G'], options);
      return t.thrown(() => t.spawn('true', options));
    },
  },
  {
    name: 'async_hooks: what a process is called',
    run: async (t) => {
      const types = [];
      const hook = createHook({ init: (_, type) => types.push(type) }).enable();
      const child = t.spawn('true', { stdio: 'ignore' });
      hook.disable();
      await t.closed(child);
      return types.filter((type) => type === 'PROCESSWRAP' || type.startsWith('MULTIPROC'));
    },
  },
  { name: 'own uid and gid', run: (t) => output(t, 'id', ['-u'], { uid: process.getuid(), gid: process.getgid() }) },
  { name: 'a uid that is none', run: ({ spawn, thrown }) => thrown(() => spawn('true', { uid: -1 })) },
  {
    name: 'signals are neither blocked nor ignored',
    run: async (t) => {
      const { out } = await output(t, 'grep', ['^Sig[BI]', '/proc/self/status']);
      // Up to 31: libuv leaves the others as the parent got them from its own parent, and we do not.
      return out.split('\n').map((line) => Number(BigInt(`0x${line.split('\t')[1] ?? 0}`) & 0x7fffffffn));
    },
  },
  {
    name: 'descriptors of the program',
    run: (t) => output(t, 'sh', ['-c', 'for n in 0 1 2 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && echo $n; done']),
  },
];
