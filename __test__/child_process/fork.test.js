'use strict';
// fork beside node:child_process's: the same program and the same parent under both, and equal observations.

const childProcess = require('node:child_process');
const { once } = require('node:events');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const test = require('ava');
const multiproc = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const FIXTURES = path.join(__dirname, '..', 'fixtures', 'fork');
const RUNS_ARGUMENT = path.join(FIXTURES, 'runs_argument.js');
const QUIET = ['ignore', 'ignore', 'ignore', 'ipc'];

/** Runs one program to its end and returns everything that the parent saw, in order. */
async function observe(
  fork,
  { program, args = [], options, drive, listen = true, parentDisconnects, file = RUNS_ARGUMENT },
) {
  const seen = [];
  const child = fork(file, program === undefined ? args : [String(program), ...args], { stdio: QUIET, ...options });
  const watchdog = setTimeout(() => {
    seen.push(['did not end']);
    child.kill('SIGKILL');
  }, 30_000);
  if (listen) child.on('message', (message) => seen.push(['message', message]));
  child.on('disconnect', () => seen.push(['disconnect', child.connected]));
  child.on('exit', (...status) => seen.push(['exit', ...status]));
  child.on('error', ({ code }) => seen.push(['error', code]));
  const closed = new Promise((resolve) => {
    child.on('close', (...status) => {
      seen.push(['close', ...status]);
      resolve();
    });
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await drive?.(child, seen);
  // Node.js has no 'close' when it was the parent that disconnected.
  await (parentDisconnects && fork === childProcess.fork ? ended : closed);
  clearTimeout(watchdog);
  return parentDisconnects ? seen.filter(([event]) => event !== 'close') : seen;
}

/** The order in which Node.js tells of the end depends on the moment; ours is fixed, and looked at by itself. */
const ENDS = ['disconnect', 'exit', 'close'];
const isEnd = ([event]) => ENDS.includes(event);

function comparable(seen) {
  const others = seen.filter((entry) => !isEnd(entry) && entry[0] !== 'message');
  return { messages: messages(seen), others, ends: ENDS.flatMap((end) => seen.filter(([event]) => event === end)) };
}

const messages = (seen) => seen.filter(([event]) => event === 'message').map(([, message]) => message);
const echo = () => {
  process.on('message', (message) => process.send(message, () => message === 'end' && process.disconnect()));
};
const VALUES = [
  'text',
  '',
  0,
  -1.5,
  true,
  false,
  null,
  [],
  {},
  [1, [2, { a: null }]],
  { text: 'ü€𝄞\n\0' },
  'x'.repeat(70_000),
];

/** name → what is observed, and what both have to show (where that is the same on every run). */
const TABLE = {
  'json messages come back': {
    program: echo,
    drive: (child) => [...VALUES, new Date(0), { gone: undefined, nan: NaN }, 'end'].map((value) => child.send(value)),
  },
  'advanced messages come back': {
    program: echo,
    options: { serialization: 'advanced' },
    drive: (child) => {
      const values = [
        new Map([[1, new Set([2n])]]),
        new Date(5),
        /a/g,
        { nan: NaN, gone: undefined },
        new Float64Array([1.5]),
      ];
      for (const value of [...VALUES, ...values, 'end']) child.send(value);
    },
  },
  'a thousand messages each way keep their order': {
    program: echo,
    drive: (child) => {
      for (let number = 1; number <= 1000; number += 1) child.send(number);
      child.send('end');
    },
    expect: (t, seen) => t.deepEqual(messages(seen), [...Array.from({ length: 1000 }, (_, index) => index + 1), 'end']),
  },
  'messages that come before a listener wait for it': {
    program: () => {
      process.send('ready');
      setTimeout(
        () =>
          process.on('message', (message) =>
            message === 2 ? setImmediate(() => process.disconnect()) : process.send(message),
          ),
        50,
      );
    },
    drive: (child) => [1, 2].map((value) => child.send(value)),
    expect: (t, seen) => t.deepEqual(messages(seen), ['ready', 1]),
  },
  'messages that come before the parent listens wait for it, too': {
    listen: false,
    program: () => {
      process.send('one');
      process.send('two', () => process.on('message', process.disconnect));
    },
    drive: async (child, seen) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      child.on('message', (message) => seen.push(['message', message]));
      child.send('end');
    },
    expect: (t, seen) => t.deepEqual(messages(seen), ['one', 'two']),
  },
  'send tells its callback, later, that it was sent': {
    parentDisconnects: true,
    program: echo,
    drive: async (child, seen) => {
      await new Promise((resolve) => {
        seen.push(['returned', child.send('a', (error) => resolve(seen.push(['sent', error])))]);
      });
      await new Promise((resolve) => {
        child.send('b', undefined, { keepOpen: false }, (error) => resolve(seen.push(['sent', error])));
      });
      child.disconnect();
    },
  },
  'the parent disconnects': {
    parentDisconnects: true,
    program: () => {
      process.on('disconnect', () => process.exit(process.connected ? 1 : 5));
      process.send('up');
    },
    drive: async (child, seen) => {
      await once(child, 'message');
      seen.push(['connected', child.connected]);
      child.disconnect();
      seen.push(['connected', child.connected]);
    },
    expect: (t, seen) => t.deepEqual(seen.at(-1), ['exit', 5, null]),
  },
  'the child disconnects and lives on': {
    program: () => {
      process.send('last', () => process.disconnect());
      setTimeout(() => process.exit(process.connected === false && process.channel == null ? 6 : 1), 50);
    },
    expect: (t, seen) =>
      t.deepEqual(seen, [
        ['message', 'last'],
        ['disconnect', false],
        ['exit', 6, null],
        ['close', 6, null],
      ]),
  },
  'what was sent comes before disconnect, exit and close': {
    program: () => {
      for (const message of [1, 2, 3]) process.send(message);
    },
    expect: (t, seen) =>
      t.deepEqual(
        seen.map(([event]) => event),
        ['message', 'message', 'message', 'disconnect', 'exit', 'close'],
      ),
  },
  'a child without a listener ends by itself': {
    program: () => {},
  },
  'a child with a listener stays until it takes it off': {
    program: () => {
      const listener = (message) => {
        process.send(message);
        process.off('message', listener);
      };
      process.on('message', listener);
    },
    drive: (child) => setTimeout(() => child.send('off'), 100),
    expect: (t, seen) => t.deepEqual(messages(seen), ['off']),
  },
  'once is a listener, too': {
    program: () => process.once('message', (message) => process.send(['once', message])),
    drive: (child) => setTimeout(() => child.send(1), 50),
  },
  'a disconnect listener keeps the child': {
    parentDisconnects: true,
    program: () => process.on('disconnect', () => process.exit(8)),
    drive: (child) => setTimeout(() => child.disconnect(), 100),
  },
  'process.channel.unref lets a listening child go': {
    program: () => {
      process.on('message', () => {});
      process.channel.unref();
    },
  },
  'process.channel.ref keeps a child that does not listen': {
    parentDisconnects: true,
    program: () => {
      process.channel.ref();
      process.send('up');
    },
    drive: async (child, seen) => {
      await once(child, 'message');
      await new Promise((resolve) => setTimeout(resolve, 200));
      seen.push(['still there', child.exitCode]);
      child.disconnect();
    },
  },
  'sending after disconnect is an error for the callback, or an event': {
    parentDisconnects: true,
    program: echo,
    drive: async (child, seen) => {
      child.disconnect();
      await new Promise((resolve) => {
        seen.push([
          'returned',
          child.send('late', (error) => resolve(seen.push(['callback', error.code, error.message]))),
        ]);
      });
      const failed = once(child, 'error').catch(() => {});
      seen.push(['returned', child.send('later')]);
      await failed;
      const again = once(child, 'error').catch(() => {});
      child.disconnect();
      await again;
    },
  },
  'what is no message is refused where it is sent': {
    parentDisconnects: true,
    program: echo,
    drive: (child, seen) => {
      const attempts = [
        [],
        [undefined],
        [() => 1],
        [1n],
        [Symbol('s')],
        [1, undefined, null],
        [1, undefined, 'options'],
        [1, {}],
      ];
      for (const attempt of attempts) {
        try {
          child.send(...attempt);
          seen.push(['accepted']);
        } catch (error) {
          seen.push([error.name, error.code]);
        }
      }
      child.disconnect();
    },
    expect: (t, seen) => t.deepEqual(seen[0], ['TypeError', 'ERR_MISSING_ARGS']),
  },
  'a cycle and a bigint inside have no JSON': {
    program: echo,
    drive: (child, seen) => {
      const cycle = {};
      cycle.self = cycle;
      for (const message of [cycle, { big: 1n }]) {
        try {
          child.send(message);
        } catch (error) {
          seen.push([error.name]);
        }
      }
      // Whatever failed, the next message arrives.
      child.send('end');
    },
    expect: (t, seen) => t.deepEqual(seen.slice(0, 2), [['TypeError'], ['TypeError']]),
  },
  'silent gives streams': {
    program: () => {
      console.log('out');
      console.error('err');
      process.stdin.on('data', (data) => process.send(String(data)));
    },
    options: { stdio: undefined, silent: true },
    drive: async (child, seen) => {
      child.stdin.end('in');
      const [out, err] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
      seen.push(['streams', Buffer.concat(out).toString(), Buffer.concat(err).toString()]);
    },
  },
  'stdio lists keep the numbers of other descriptors': {
    program: ({ require }) => {
      const fs = require('node:fs');
      fs.writeSync(5, 'to five');
      process.send(fs.fstatSync(2).isCharacterDevice());
    },
    options: { stdio: ['pipe', 'pipe', 'ignore', 'ipc', 'ignore', 'pipe'] },
    drive: async (child, seen) => {
      seen.push(['stdio', child.stdio.map((stream) => stream === null), child.stdio.length]);
      seen.push(['five', Buffer.concat(await child.stdio[5].toArray()).toString()]);
      child.stdout.resume();
    },
  },
  'execArgv, args, env and cwd arrive': {
    program: ({ rest }) => {
      process.send([process.execArgv, rest, process.argv.length, process.env.GIVEN, process.env.HOME, process.cwd()]);
      process.send([typeof gc, process.env.NODE_CHANNEL_FD, process.title]);
    },
    args: ['one', 'two words', ''],
    options: { execArgv: ['--expose-gc', '--title=named'], env: { GIVEN: 'yes' }, cwd: os.tmpdir() },
    expect: (t, seen) =>
      t.deepEqual(messages(seen)[0].slice(0, 2), [
        ['--expose-gc', '--title=named'],
        ['one', 'two words', ''],
      ]),
  },
  'an ES module hears the messages that came before it listened': {
    file: path.join(FIXTURES, 'module.mjs'),
    args: ['argument'],
    drive: (child) => child.send({ n: 1 }),
    expect: (t, seen) => t.is(messages(seen)[0].file, 'module.mjs'),
  },
  'the program is named by a URL': {
    file: pathToFileURL(path.join(FIXTURES, 'module.mjs')),
    drive: (child) => child.send(1),
  },
  'kill by a signal': {
    program: () => {
      process.on('message', () => {});
      process.send('up');
    },
    drive: async (child, seen) => {
      await once(child, 'message');
      seen.push(['kill', child.kill(), child.killed]);
      await once(child, 'exit');
      seen.push(['then', child.exitCode, child.signalCode, child.kill()]);
    },
  },
  'process.exit gives the exit code': {
    program: () => process.exit(17),
    expect: (t, seen) => t.deepEqual(seen.at(-1), ['close', 17, null]),
  },
  'an error that nobody catches': {
    program: () => {
      throw new Error('uncaught');
    },
    expect: (t, seen) => t.deepEqual(seen.at(-1), ['close', 1, null]),
  },
  'a program that is not there': {
    file: path.join(FIXTURES, 'not_there.js'),
    expect: (t, seen) => t.deepEqual(seen.at(-1), ['close', 1, null]),
  },
  'a grandchild has no channel': {
    program: ({ require }) => {
      const { spawnSync } = require('node:child_process');
      const code = 'console.log(typeof process.send, Object.keys(process.env).filter((n) => /CHANNEL/.test(n)).length)';
      process.send(spawnSync(process.execPath, ['-e', code]).stdout.toString());
    },
    expect: (t, seen) => t.is(messages(seen)[0], 'undefined 0\n'),
  },
  'ten megabytes each way': {
    program: () => {
      process.on('message', ({ text }) => {
        process.send({ length: text.length, text }, () => process.disconnect());
      });
    },
    drive: (child) => child.send({ text: 'ä'.repeat(5 << 20) }),
    show: ({ length, text }) => [length, text === 'ä'.repeat(5 << 20)],
    expect: (t, seen) => t.is(messages(seen)[0].length, 5 << 20),
  },
  'what a ChildProcess is': {
    parentDisconnects: true,
    program: echo,
    drive: (child, seen) => {
      seen.push([
        child instanceof childProcess.ChildProcess,
        child.connected,
        typeof child.pid,
        typeof child.channel.ref,
        typeof child.channel.unref,
      ]);
      seen.push([child.spawnfile, child.spawnargs.slice(1), child.exitCode, child.signalCode, child.killed]);
      child.disconnect();
      seen.push([child.connected]);
    },
  },
};

for (const [name, { show = (message) => message, expect, ...scene }] of Object.entries(TABLE)) {
  test(name, async (t) => {
    const [nodes, ours] = await Promise.all([observe(childProcess.fork, scene), observe(multiproc.fork, scene)]);
    const [shown, shownOfNode] = [ours, nodes].map((seen) => {
      const { messages, ...rest } = comparable(seen);
      return { messages: messages.map(show), ...rest };
    });
    t.deepEqual(shown, shownOfNode);
    t.false(ours.some(([event]) => event === 'did not end'));
    const order = ours.map(([event]) => event).filter((event) => event === 'message' || ENDS.includes(event));
    t.deepEqual(
      order,
      [...order].sort((a, b) => ENDS.indexOf(a) - ENDS.indexOf(b)),
      'messages, disconnect, exit, close',
    );
    expect?.(t, ours);
  });
}

test('arguments that make no sense are refused with the same codes', (t) => {
  const attempts = [
    [undefined],
    [7],
    [RUNS_ARGUMENT, 'text'],
    [RUNS_ARGUMENT, [], 'text'],
    [RUNS_ARGUMENT, [], { serialization: 'none' }],
    [RUNS_ARGUMENT, [], { stdio: ['inherit'] }],
    [RUNS_ARGUMENT, [], { stdio: 'nowhere' }],
    [RUNS_ARGUMENT, [], { stdio: [0, 1, 2, 'ipc', 'ipc'] }],
    [RUNS_ARGUMENT, [], { cwd: 7 }],
    [RUNS_ARGUMENT, [], { env: 7 }],
    [RUNS_ARGUMENT, [], { execArgv: 7 }],
    [RUNS_ARGUMENT, [], { execPath: 7 }],
    [RUNS_ARGUMENT, [], { detached: 7 }],
    [RUNS_ARGUMENT, ['a\0b']],
    [new URL('https://example.org/a.js')],
  ];
  for (const attempt of attempts) {
    const codes = [childProcess.fork, multiproc.fork].map((fork) => {
      try {
        fork(...attempt).kill('SIGKILL');
        return 'started';
      } catch (error) {
        return `${error.name} ${error.code}`;
      }
    });
    t.is(codes[1], codes[0], JSON.stringify(attempt));
  }
});
