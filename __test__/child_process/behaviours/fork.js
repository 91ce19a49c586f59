'use strict';
// fork(): arguments that are refused, and what can be seen of a child beside its messages (those are in fork.test.js).

const path = require('node:path');
const { pathToFileURL } = require('node:url');

const answer = path.join(__dirname, '..', 'fixtures', 'answer.js');
const QUIET = ['ignore', 'ignore', 'ignore', 'ipc'];

const CALLS = {
  'no module': [],
  'module is a number': [0],
  'module is null': [null],
  'module is an object': [{}],
  'module is an array': [[]],
  'module contains NUL': ['a\0b'],
  'module is a URL of another scheme': [new URL('http://example.org/')],
  'arguments are text': [answer, 'a'],
  'arguments are a number': [answer, 1],
  'arguments are true': [answer, true],
  'an argument contains NUL': [answer, ['a\0']],
  'options are text': [answer, [], 'options'],
  'options are a number': [answer, [], 1],
  'options are an array': [answer, [], []],
  'options are a function': [answer, [], () => {}],
  'execPath contains NUL': [answer, { execPath: 'no\0de' }],
  'execPath is a number': [answer, { execPath: 1 }],
  'execArgv contains NUL': [answer, { execArgv: ['a\0'] }],
  'cwd is a number': [answer, { cwd: 1 }],
  'env contains NUL': [answer, { env: { A: 'b\0' } }],
  'detached is text': [answer, { detached: 'yes' }],
  'uid is text': [answer, { uid: 'root' }],
  'timeout is negative': [answer, { timeout: -1 }],
  'killSignal is unknown': [answer, { killSignal: 'SIGNOTHING' }],
  'signal is no AbortSignal': [answer, { signal: 'abort' }],
  'serialization is unknown': [answer, { serialization: 'xml' }],
  'serialization is null': [answer, { serialization: null }],
  'stdio is an unknown word': [answer, { stdio: 'pipes' }],
  'stdio without a channel': [answer, { stdio: ['pipe', 'pipe', 'pipe'] }],
  'stdio with two channels': [answer, { stdio: ['ipc', 'pipe', 'pipe', 'ipc'] }],
  'an entry of stdio is an object': [answer, { stdio: [{}, 'pipe', 'pipe', 'ipc'] }],
};

const refused = Object.entries(CALLS).map(([name, args]) => ({
  name: `fork refused: ${name}`,
  run: ({ fork, thrown }) => thrown(() => fork(...args)),
}));

/** How a child looks, before and after. */
async function shape({ fork }, ...args) {
  const child = fork(...args);
  const look = () => ({
    stdio: child.stdio.map((stream) => stream && [stream.readable, stream.writable]),
    streams: ['stdin', 'stdout', 'stderr'].map((name) => (child[name] ? 'stream' : child[name])),
    connected: child.connected,
    channel: child.channel === undefined ? 'undefined' : child.channel === null ? 'null' : 'object',
    methods: ['send', 'disconnect', 'kill', 'ref', 'unref'].map((name) => typeof child[name]),
    spawnfile: child.spawnfile,
    spawnargs: child.spawnargs,
    exitCode: child.exitCode,
    signalCode: child.signalCode,
    killed: child.killed,
  });
  const before = look();
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.once('message', () => child.send('disconnect'));
  await exited;
  await new Promise((resolve) => setImmediate(resolve));
  const { stdio, ...after } = look();
  return { before, after };
}

const FORMS = {
  'silent, with arguments': [answer, ['a', 1], { silent: true }],
  'stdio as a list': [answer, { stdio: QUIET }],
  'the channel is not the last': [answer, { stdio: ['ignore', 'ipc', 'ignore', 'pipe'] }],
  'stdio as a word': [answer, [], { stdio: 'pipe' }],
  'stdio as a word: ignore': [answer, [], { stdio: 'ignore' }],
  'stdio is a number, which counts for nothing': [answer, [], { stdio: 1, silent: true }],
  'arguments are null': [answer, null, { stdio: QUIET }],
  'arguments are undefined': [answer, undefined, { stdio: QUIET }],
  'module as a URL': [pathToFileURL(answer), { stdio: QUIET }],
  execArgv: [answer, [], { execArgv: ['--no-warnings'], stdio: QUIET }],
  'execPath is empty': [answer, [], { execPath: '', stdio: QUIET }],
  'env is null': [answer, [], { env: null, stdio: QUIET }],
};

module.exports = [
  {
    name: 'send: what is no message is refused by its type',
    run: async ({ fork, describeError }) => {
      const child = fork(answer, { stdio: QUIET });
      const exited = new Promise((resolve) => child.once('exit', resolve));
      const found = [undefined, Symbol('a'), Symbol(), 5n, () => {}, function named() {}].map((message) => {
        try {
          return child.send(message);
        } catch (error) {
          return describeError(error);
        }
      });
      child.disconnect();
      await exited;
      return found;
    },
  },
  ...refused,
  ...Object.entries(FORMS).map(([name, args]) => ({ name: `fork: ${name}`, run: (t) => shape(t, ...args) })),
  {
    name: 'fork: an error that nobody listens to is thrown',
    run: async ({ fork, thrown }) => {
      const child = fork(answer, { stdio: QUIET });
      const exited = new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => child.once('message', resolve));
      child.disconnect();
      const error = thrown(() => child.disconnect());
      await exited;
      return [error, child.listenerCount('error'), child.listenerCount('exit')];
    },
  },
  {
    name: 'fork: a program that cannot be started',
    run: async ({ fork, watch }) => {
      const child = fork(answer, { execPath: '/no/such/node', stdio: QUIET });
      const events = watch(child);
      const pid = child.pid;
      await new Promise((resolve) => child.once('error', resolve));
      return { pid, events: events.filter(([name]) => name === 'error'), exitCode: child.exitCode };
    },
  },
  {
    name: 'fork: aborted before the start',
    run: async ({ fork, watch }) => {
      const child = fork(answer, { signal: AbortSignal.abort('why'), stdio: QUIET });
      const events = watch(child);
      await new Promise((resolve) => child.once('exit', resolve));
      // 'close' comes at once or later, as the end of the channel does.
      const first = events.filter(([name]) => name !== 'disconnect' && name !== 'close');
      return { events: first, killed: child.killed };
    },
  },
  {
    name: 'fork: timeout with killSignal',
    run: async ({ fork, watch }) => {
      const child = fork(answer, { timeout: 20, killSignal: 'SIGKILL', stdio: QUIET });
      const events = watch(child);
      await new Promise((resolve) => child.once('exit', resolve));
      return { events: events.filter(([name]) => name === 'exit'), killed: child.killed };
    },
  },
];
