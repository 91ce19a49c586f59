'use strict';
// Arguments that are refused, with the same class, code and message; and the forms in which they may come.

const CALLS = {
  'no arguments': [],
  'command is no string': [42],
  'command is empty': [''],
  'command contains NUL': ['tr\0ue'],
  'arguments are a string': ['true', 'a'],
  'arguments are a number': ['true', 1],
  'an argument contains NUL': ['true', ['a\0b']],
  'options are null': ['true', [], null],
  'options are a string': ['true', [], 'a'],
  'options are an array': ['true', [], []],
  'options are a function': ['true', [], () => {}],
  'cwd is a number': ['true', { cwd: 1 }],
  'cwd contains NUL': ['true', { cwd: '/\0' }],
  'cwd is a URL of another scheme': ['true', { cwd: new URL('http://example.org/') }],
  'detached is a string': ['true', { detached: 'yes' }],
  'uid is a string': ['true', { uid: '0' }],
  'uid is no 32-bit integer': ['true', { uid: 2 ** 40 }],
  'gid is a fraction': ['true', { gid: 1.5 }],
  'shell is a number': ['true', { shell: 1 }],
  'shell contains NUL': ['true', { shell: '/bin/\0sh' }],
  'argv0 is a number': ['true', { argv0: 1 }],
  'argv0 contains NUL': ['true', { argv0: 'a\0' }],
  'windowsHide is a string': ['true', { windowsHide: 'a' }],
  'windowsVerbatimArguments is a string': ['true', { windowsVerbatimArguments: 'a' }],
  'an environment value contains NUL': ['true', { env: { A: 'b\0c' } }],
  'an environment name contains NUL': ['true', { env: { 'A\0': 'b' } }],
  'timeout is negative': ['true', { timeout: -1 }],
  'timeout is a string': ['true', { timeout: '1' }],
  'killSignal is unknown': ['true', { killSignal: 'SIGNOTHING' }],
  'killSignal is an object': ['true', { killSignal: {} }],
  'signal is no AbortSignal': ['true', { signal: {} }],
  'serialization is unknown': ['true', { serialization: 'xml' }],
  'stdio is an unknown word': ['true', { stdio: 'pipes' }],
  'stdio is an object': ['true', { stdio: {} }],
  'an entry of stdio is an object': ['true', { stdio: ['pipe', {}, 'pipe'] }],
  'an entry of stdio is an unknown word': ['true', { stdio: ['pipe', 'tube'] }],
  'an entry of stdio is true': ['true', { stdio: [true] }],
  'two channels': ['true', { stdio: ['ipc', 'ipc'] }],
};

const refused = Object.entries(CALLS).map(([name, args]) => ({
  name: `refused: ${name}`,
  run: ({ spawn, thrown }) => thrown(() => spawn(...args)),
}));

const accepted = {
  'arguments are missing': ['true'],
  'arguments are null': ['true', null],
  'arguments are undefined, options given': ['true', undefined, { stdio: 'ignore' }],
  'options stand for arguments': ['true', { stdio: 'ignore' }],
  'options are undefined': ['true', [], undefined],
  'options have no prototype': ['true', [], { __proto__: null, stdio: 'ignore' }],
  'options are inherited, which counts for nothing': ['true', [], Object.create({ cwd: '/no/such/directory' })],
  'everything is null': [
    'true',
    [],
    { cwd: null, env: null, argv0: null, uid: null, gid: null, shell: null, detached: null, stdio: null },
  ],
  'arguments are no strings': ['sh', ['-c', 'echo "$1 $2 $3"', 0, 1, true, null]],
};

const forms = Object.entries(accepted).map(([name, args]) => ({
  name: `accepted: ${name}`,
  run: async ({ spawn, closed, collect }) => {
    const child = spawn(...args);
    const output = child.stdout && collect(child, child.stdout);
    return { events: await closed(child), spawnargs: child.spawnargs, output };
  },
}));

module.exports = [
  ...refused,
  ...forms,
  {
    name: 'the callers options and arguments are not changed',
    run: async ({ spawn, closed }) => {
      const args = Object.freeze(['-c', 'exit 1']);
      const options = Object.freeze({ env: Object.freeze({ PATH: process.env.PATH }), stdio: 'ignore' });
      return closed(spawn('sh', args, options));
    },
  },
  {
    name: 'a getter that starts a program of its own',
    run: async ({ spawn, closed }) => {
      let inner;
      const options = {
        stdio: 'ignore',
        get cwd() {
          inner ??= spawn('sh', ['-c', 'exit 1'], { stdio: 'ignore' });
          return '/';
        },
        env: {
          PATH: process.env.PATH,
          get LATE() {
            return 'x';
          },
        },
      };
      const outer = spawn('sh', ['-c', 'exit 2'], options);
      return Promise.all([closed(inner), closed(outer)]);
    },
  },
];
