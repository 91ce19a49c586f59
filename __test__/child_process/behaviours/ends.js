'use strict';
// The order of events, and how an end is told.

const { AsyncLocalStorage } = require('node:async_hooks');
const { ChildProcess } = require('node:child_process');
const { constants } = require('node:os');

const shell = (script) => ['sh', ['-c', script]];

/** The events, and what the object says at each of them. */
async function story({ spawn, closed }, script, options) {
  const child = spawn(...shell(script), options);
  const states = [[child.exitCode, child.signalCode, child.killed, child.connected]];
  for (const name of ['spawn', 'exit', 'close']) {
    child.on(name, () => states.push([name, child.exitCode, child.signalCode, child.killed]));
  }
  return { events: await closed(child), states, pid: typeof child.pid };
}

module.exports = [
  { name: 'exit code 0', run: (tools) => story(tools, 'exit 0') },
  { name: 'exit code 3', run: (tools) => story(tools, 'exit 3') },
  { name: 'exit code 255', run: (tools) => story(tools, 'exit 255', { stdio: 'ignore' }) },
  { name: 'killed by itself', run: (tools) => story(tools, 'kill -KILL $$') },
  { name: 'ended by SIGABRT, which has two names', run: (tools) => story(tools, 'kill -ABRT $$') },
  { name: 'ended by SIGIO, which has two names', run: (tools) => story(tools, `kill -${constants.signals.SIGIO} $$`) },
  { name: 'ended by a real-time signal, which has no name', run: (tools) => story(tools, 'kill -40 $$') },
  {
    name: 'the object, its class and its fields',
    run: async ({ spawn, closed }) => {
      const child = spawn('cat', ['-'], { argv0: 'a cat' });
      const fields = Object.keys(child).sort();
      const { spawnfile, spawnargs, stdio } = child;
      child.stdin.end();
      await closed(child);
      return {
        isChildProcess: child instanceof ChildProcess,
        fields,
        fieldsAfter: Object.keys(child).sort(),
        spawnfile,
        spawnargs,
        stdio: stdio.map((stream) => [stream.constructor.name, stream.readable, stream.writable]),
        same: [child.stdin === stdio[0], child.stdout === stdio[1], child.stderr === stdio[2]],
        handle: child._handle,
      };
    },
  },
  {
    name: 'no event comes before the caller has had time to listen',
    run: async ({ spawn, watch }) => {
      const child = spawn('true');
      await Promise.resolve();
      const events = watch(child);
      await new Promise((resolve) => child.once('close', resolve));
      return events;
    },
  },
  {
    name: 'the asynchronous context of the start is that of the events',
    run: async ({ spawn }) => {
      const storage = new AsyncLocalStorage();
      const child = storage.run('here', () => spawn('true'));
      const seen = [];
      for (const name of ['exit', 'close']) child.on(name, () => seen.push([name, storage.getStore()]));
      await new Promise((resolve) => child.on('close', resolve));
      return seen;
    },
  },
  {
    name: 'the streams close before the process does',
    run: async ({ spawn }) => {
      const child = spawn(...shell('echo out; echo err >&2'));
      const open = new Set(['stdout', 'stderr']);
      for (const name of [...open]) child[name].on('close', () => open.delete(name)).resume();
      await new Promise((resolve) => child.on('close', resolve));
      return [...open];
    },
  },
  {
    name: "'exit' comes while a grandchild holds the stream, 'close' when it lets go",
    run: async ({ spawn, watch }) => {
      // The grandchild reads the extra pipe, whose end it is told by us.
      const child = spawn(...shell('cat <&3 & exit 5'), { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
      const events = watch(child);
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
      });
      await new Promise((resolve) => child.once('exit', resolve));
      const atExit = events.map(([name]) => name);
      child.stdio[3].end('late');
      await new Promise((resolve) => child.once('close', resolve));
      return { atExit, events, text };
    },
  },
  {
    name: 'fifty at once',
    run: async ({ spawn, closed }) => {
      const children = Array.from({ length: 50 }, (_, index) => spawn(...shell(`exit ${index}`)));
      return Promise.all(children.map((child) => closed(child)));
    },
  },
];
