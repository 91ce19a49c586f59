'use strict';
// What the parent does to a running program: signals, time limits, abort, references.

const { once } = require('node:events');

const WAITS = ['-c', 'echo ready; read x'];
// Ends only by a signal that cannot be caught.
const STUBBORN = ['-c', 'trap "" TERM; echo ready; while :; do read x; done'];

const PIPES = { stdio: ['pipe', 'pipe', 'inherit'] };

async function ready(child) {
  await once(child.stdout, 'data');
  return child;
}

const kills = (name, ...args) => ({
  name: `kill(${name})`,
  run: async ({ spawn, closed }) => {
    const child = await ready(spawn('sh', WAITS, PIPES));
    const events = closed(child);
    const before = child.killed;
    const result = child.kill(...args);
    const states = [before, result, child.killed, child.signalCode];
    return { states, events: await events, again: child.kill(), killed: child.killed };
  },
});

const refuses = (name, signal) => ({
  name: `kill(${name}) is refused`,
  run: async ({ spawn, closed, thrown }) => {
    const child = await ready(spawn('sh', WAITS, PIPES));
    const error = thrown(() => child.kill(signal));
    const { killed } = child;
    child.stdin.end();
    return { error, killed, events: await closed(child) };
  },
});

module.exports = [
  kills(''),
  kills("'SIGKILL'", 'SIGKILL'),
  kills("'sigint'", 'sigint'),
  kills('15', 15),
  kills("'SIGUSR2'", 'SIGUSR2'),
  refuses('unknown name', 'SIGNOTHING'),
  refuses('number out of range', 400),
  refuses('object', {}),
  {
    name: 'kill(0) asks whether it runs, and counts as killed',
    run: async ({ spawn, closed }) => {
      const child = await ready(spawn('sh', WAITS, PIPES));
      const states = [child.kill(0), child.killed];
      child.stdin.end('\n');
      return { states, events: await closed(child), after: child.kill(0) };
    },
  },
  {
    name: 'a signal at once after the start',
    run: async ({ spawn, closed }) => {
      const child = spawn('sleep', ['1000']);
      const result = child.kill();
      return { result, killed: child.killed, events: await closed(child) };
    },
  },
  {
    name: 'stop and continue',
    run: async ({ spawn, closed }) => {
      const child = await ready(spawn('sh', WAITS, PIPES));
      const results = [child.kill('SIGSTOP'), child.kill('SIGCONT')];
      child.stdin.end('\n');
      return { results, events: await closed(child) };
    },
  },
  {
    name: 'timeout ends the program with SIGTERM',
    run: async ({ spawn, closed }) => {
      const child = spawn('sleep', ['1000'], { timeout: 50 });
      return { events: await closed(child), killed: child.killed };
    },
  },
  {
    name: 'timeout with killSignal',
    run: async ({ spawn, closed }) => {
      const child = spawn('sh', STUBBORN, { ...PIPES, timeout: 50, killSignal: 'SIGKILL' });
      return { events: await closed(child), killed: child.killed };
    },
  },
  {
    name: 'timeout that does not pass',
    run: async ({ spawn, closed }) => {
      const child = spawn('sh', ['-c', 'exit 4'], { timeout: 60_000 });
      return { events: await closed(child), killed: child.killed };
    },
  },
  {
    name: 'abort',
    run: async ({ spawn, closed }) => {
      const controller = new AbortController();
      const child = await ready(spawn('sh', WAITS, { ...PIPES, signal: controller.signal }));
      const events = closed(child);
      controller.abort();
      return { events: await events, killed: child.killed };
    },
  },
  {
    name: 'abort with a reason and killSignal',
    run: async ({ spawn, closed }) => {
      const controller = new AbortController();
      const options = { ...PIPES, signal: controller.signal, killSignal: 'SIGKILL' };
      const child = await ready(spawn('sh', STUBBORN, options));
      const events = closed(child);
      controller.abort(new Error('the reason'));
      return { events: await events, killed: child.killed };
    },
  },
  {
    name: 'aborted before the start',
    run: async ({ spawn, closed }) => {
      const child = spawn('sleep', ['1000'], { signal: AbortSignal.abort('why') });
      return { events: await closed(child), killed: child.killed };
    },
  },
  {
    name: 'abort after the end is nothing',
    run: async ({ spawn, closed }) => {
      const controller = new AbortController();
      const child = spawn('true', { signal: controller.signal });
      const events = await closed(child);
      controller.abort();
      await new Promise((resolve) => setImmediate(resolve));
      return { events, killed: child.killed };
    },
  },
  {
    name: 'abort of a program that could not be started',
    run: async ({ spawn, closed }) => {
      const child = spawn('no-such-program-here', { signal: AbortSignal.timeout(60_000) });
      return closed(child);
    },
  },
  {
    name: 'unref and ref, in any order and after the end',
    run: async ({ spawn, closed }) => {
      const child = spawn('cat', PIPES);
      const returned = [child.unref(), child.unref(), child.ref(), child.ref()];
      child.stdin.end();
      const events = await closed(child);
      return { returned, events, after: [child.ref(), child.unref()] };
    },
  },
  {
    name: 'a program that could not be started may be referenced',
    run: async ({ spawn, closed }) => {
      const child = spawn('no-such-program-here');
      return [child.unref(), child.ref(), await closed(child)];
    },
  },
  {
    name: 'disposal kills',
    run: async ({ spawn, closed }) => {
      const child = await ready(spawn('sh', WAITS, PIPES));
      const events = closed(child);
      if (Symbol.dispose === undefined || child[Symbol.dispose] === undefined) child.kill();
      else child[Symbol.dispose]();
      return { events: await events, killed: child.killed };
    },
  },
];
