'use strict';
// Programs that cannot be started.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** The error event and what follows it, and the state of the object meanwhile. */
async function failure({ spawn, watch }, ...args) {
  const child = spawn(...args);
  const events = watch(child);
  const atOnce = {
    pid: child.pid,
    hasPid: Object.hasOwn(child, 'pid'),
    exitCode: child.exitCode,
    streams: child.stdio.map((stream) => stream && [stream.readable, stream.writable, stream.destroyed]),
    eventsYet: events.length,
  };
  await new Promise((resolve) => child.once('close', resolve));
  const streams = child.stdio.map((stream) => stream?.destroyed);
  return { atOnce, events, exitCode: child.exitCode, signalCode: child.signalCode, killed: child.kill(), streams };
}

async function withFile(content, mode, use) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-spawn-'));
  const file = path.join(directory, 'file');
  fs.writeFileSync(file, content);
  fs.chmodSync(file, mode);
  // The directory's name is a new one each time, and stands in what is observed.
  const plain = (value) => JSON.parse(JSON.stringify(value ?? null).replaceAll(directory, 'DIRECTORY'));
  try {
    return plain(await use(file));
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

module.exports = [
  { name: 'ENOENT by name', run: (tools) => failure(tools, 'no-such-program-here', ['a', 'b']) },
  { name: 'ENOENT by path', run: (tools) => failure(tools, '/no/such/program', []) },
  { name: 'ENOENT without streams', run: (tools) => failure(tools, 'no-such-program-here', { stdio: 'ignore' }) },
  { name: 'ENOENT with argv0', run: (tools) => failure(tools, 'no-such-program-here', ['a'], { argv0: 'zero' }) },
  { name: 'working directory missing', run: (tools) => failure(tools, 'true', { cwd: '/no/such/directory' }) },
  { name: 'PATH of the child has no such program', run: (tools) => failure(tools, 'sh', { env: { PATH: '/proc' } }) },
  { name: 'EACCES: a directory', run: (tools) => failure(tools, '/', []) },
  { name: 'EACCES: no permission', run: (tools) => withFile('#!/bin/sh\n', 0o644, (file) => failure(tools, file)) },
  {
    name: 'ENOENT: the interpreter of a script is missing',
    run: (tools) => withFile('#!/no/such/interpreter\n', 0o755, (file) => failure(tools, file)),
  },
  {
    name: 'a script without an interpreter is run by the shell',
    run: ({ spawn, collect, closed }) =>
      withFile('echo "$1"; exit 4', 0o755, async (file) => {
        const child = spawn(file, ['argument']);
        const output = collect(child, child.stdout);
        return { events: await closed(child), output };
      }),
  },
  {
    name: 'an error that is not foreseen is thrown: ENOTDIR',
    run: ({ spawn, thrown }) => thrown(() => spawn('/dev/null/x')),
  },
  {
    name: 'an error that is not foreseen is thrown: ENAMETOOLONG',
    run: ({ spawn, thrown }) =>
      thrown(() => spawn(`/${'x'.repeat(300)}`, [], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })),
  },
  {
    name: 'an error that is not foreseen is thrown: E2BIG',
    run: ({ spawn, thrown }) => thrown(() => spawn('true', ['x'.repeat(1 << 20)])),
  },
  {
    name: 'a descriptor that is not open is thrown',
    run: ({ spawn, thrown }) => thrown(() => spawn('true', { stdio: [0, 1, 2, 99_999] })),
  },
  {
    name: 'a failing child leaves room for the next',
    run: async ({ spawn, closed }) => {
      const events = [];
      for (let round = 0; round < 20; round++) {
        events.push(await closed(spawn(round % 2 ? 'true' : 'no-such-program-here')));
      }
      return events;
    },
  },
  {
    name: 'no listener for the error',
    run: async ({ spawn }) => {
      const child = spawn('no-such-program-here');
      const emit = child.emit;
      // An 'error' event without listener is thrown by emit itself, which is caught here.
      const caught = await new Promise((resolve) => {
        child.emit = function (name, ...args) {
          if (name !== 'error') return emit.call(this, name, ...args);
          try {
            return emit.call(this, name, ...args);
          } catch (error) {
            resolve(error.code);
            return true;
          }
        };
      });
      await new Promise((resolve) => child.once('close', resolve));
      return caught;
    },
  },
];
