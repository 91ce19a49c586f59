'use strict';
// Streams and descriptors.

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const MANY = 10 * 1024 * 1024;

const shape = (child) => child.stdio.map((stream) => stream && [stream.readable, stream.writable]);

async function run({ spawn, closed, collect }, script, options, input) {
  const child = spawn('sh', ['-c', script], options);
  const before = shape(child);
  const collected = child.stdio.map((stream, index) => (stream?.readable && index > 0 ? collect(child, stream) : null));
  if (input !== undefined) child.stdin.end(input);
  return { events: await closed(child), before, collected };
}

async function withScratchFile(use) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-stdio-'));
  try {
    return await use(path.join(directory, 'file'));
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

module.exports = [
  { name: 'pipe: text both ways', run: (t) => run(t, 'cat; echo err >&2', {}, 'in') },
  { name: 'pipe by name', run: (t) => run(t, 'cat', { stdio: 'pipe' }, 'in') },
  { name: 'overlapped is pipe', run: (t) => run(t, 'cat', { stdio: 'overlapped' }, 'in') },
  { name: 'a negative number is pipe', run: (t) => run(t, 'cat', { stdio: [-1, -1, -1] }, 'in') },
  { name: 'ignore', run: (t) => run(t, 'cat && readlink /proc/$$/fd/0 /proc/$$/fd/1', { stdio: 'ignore' }) },
  {
    name: 'ignored streams are /dev/null',
    run: (t) => run(t, 'readlink /proc/$$/fd/0 /proc/$$/fd/2; cat', { stdio: ['ignore', 'pipe', 'ignore'] }),
  },
  {
    name: 'null and undefined are the default',
    run: (t) =>
      run(t, 'cat; test -e /proc/$$/fd/4 && echo open', { stdio: [null, undefined, null, null, undefined] }, 'x'),
  },
  { name: 'inherit', run: (t) => run(t, 'test -e /proc/$$/fd/0', { stdio: ['inherit', 'pipe', 'inherit'] }) },
  {
    name: 'ignored beyond 2 is not open',
    run: (t) =>
      run(t, 'test -e /proc/$$/fd/4 && echo open; echo five >&5', {
        stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', 'pipe'],
      }),
  },
  { name: 'short list', run: (t) => run(t, 'cat; echo err >&2', { stdio: ['pipe'] }, 'in') },
  {
    name: 'extra pipes in both directions',
    run: async ({ spawn, closed, collect }) => {
      const child = spawn('sh', ['-c', 'cat <&3 >&4; echo three >&3'], {
        stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe'],
      });
      const three = collect(child, child.stdio[3]);
      const four = collect(child, child.stdio[4]);
      child.stdio[3].end('through');
      return { shape: shape(child), events: await closed(child), three, four };
    },
  },
  {
    name: 'a descriptor, the same one twice, and swapped with another',
    run: (t) =>
      withScratchFile(async (file) => {
        fs.writeFileSync(file, 'content\n');
        const input = fs.openSync(file, 'r');
        const output = fs.openSync(`${file}.out`, 'w');
        try {
          const stdio = [input, output, output, input, output];
          const child = t.spawn('sh', ['-c', 'cat; cat <&3; echo four >&4; echo err >&2'], { stdio });
          const events = await t.closed(child);
          return { shape: shape(child), events, written: fs.readFileSync(`${file}.out`, 'utf8') };
        } finally {
          fs.closeSync(input);
          fs.closeSync(output);
        }
      }),
  },
  {
    name: 'a file stream',
    run: (t) =>
      withScratchFile(async (file) => {
        const stream = fs.createWriteStream(file);
        await new Promise((resolve) => stream.once('open', resolve));
        const child = t.spawn('sh', ['-c', 'echo to the file'], { stdio: ['ignore', stream, 'inherit'] });
        const events = await t.closed(child);
        await new Promise((resolve) => stream.close(resolve));
        return { events, written: fs.readFileSync(file, 'utf8') };
      }),
  },
  {
    name: 'a file stream that is not open yet is refused',
    run: (t) =>
      withScratchFile(async (file) => {
        const stream = fs.createWriteStream(file);
        const error = t.thrown(() => t.spawn('true', { stdio: ['ignore', stream] }));
        await new Promise((resolve) => stream.once('open', resolve));
        await new Promise((resolve) => stream.close(resolve));
        return [error.class, error.code];
      }),
  },
  {
    name: 'the stream of another child',
    run: async ({ spawn, closed, collect }) => {
      const second = spawn('cat');
      const text = collect(second, second.stdout);
      const first = spawn('sh', ['-c', 'echo passed on; exit 2'], { stdio: ['ignore', second.stdin, 'inherit'] });
      const events = closed(first);
      const otherEvents = closed(second);
      first.once('exit', () => second.stdin.end());
      return [await events, await otherEvents, text];
    },
  },
  {
    name: 'a connected socket',
    run: (t) =>
      withScratchFile(async (file) => {
        const server = net.createServer().listen(file);
        await new Promise((resolve) => server.once('listening', resolve));
        const client = net.connect(file);
        const [peer] = await Promise.all([
          new Promise((resolve) => server.once('connection', resolve)),
          new Promise((resolve) => client.once('connect', resolve)),
        ]);
        const child = t.spawn('sh', ['-c', 'echo by socket'], { stdio: ['ignore', peer, 'inherit'] });
        let text = '';
        client.on('data', (chunk) => {
          text += chunk;
        });
        const events = await t.closed(child);
        const ended = new Promise((resolve) => client.once('close', resolve));
        peer.destroy();
        await ended;
        await new Promise((resolve) => server.close(resolve));
        return { events, text };
      }),
  },
  {
    name: 'encoding: characters that are cut between chunks',
    run: async ({ spawn, closed }) => {
      const child = spawn('sh', ['-c', 'printf "\\303"; read x; printf "\\274\\n"']);
      child.stdout.setEncoding('utf8');
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
      });
      child.stdin.end('go\n');
      return { events: await closed(child), text, encoding: child.stdout.readableEncoding };
    },
  },
  {
    name: 'ten megabytes arrive whole before close',
    run: async ({ spawn, closed, collect }) => {
      const child = spawn('sh', ['-c', `head -c ${MANY} /dev/zero; exit 6`]);
      const output = collect(child, child.stdout);
      const events = await closed(child);
      return { events, bytes: output.bytes, endedBeforeClose: output.endedBeforeClose };
    },
  },
  {
    name: 'ten megabytes there and back',
    run: async ({ spawn, closed, collect }) => {
      const child = spawn('cat');
      const output = collect(child, child.stdout);
      child.stdin.end(Buffer.alloc(MANY, 'x'));
      const events = await closed(child);
      return { events, bytes: output.bytes, endedBeforeClose: output.endedBeforeClose };
    },
  },
  {
    name: 'output that nobody reads does not keep close from coming',
    run: async ({ spawn, closed }) => closed(spawn('sh', ['-c', 'echo unread; echo unread >&2'])),
  },
  {
    name: 'output read after the exit is all there',
    run: async ({ spawn, closed }) => {
      const child = spawn('sh', ['-c', 'echo kept']);
      const events = closed(child);
      let text = '';
      child.once('exit', () => {
        child.stdout.on('data', (chunk) => {
          text += chunk;
        });
      });
      return [await events, text];
    },
  },
  {
    name: 'EPIPE: the program no longer reads',
    run: async ({ spawn, closed, describeError }) => {
      const child = spawn('sh', ['-c', 'exec <&-; echo closed; read x <&3'], {
        stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
      });
      const events = closed(child);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const error = new Promise((resolve) => child.stdin.once('error', resolve));
      child.stdin.write('nobody reads this');
      const description = describeError(await error);
      child.stdio[3].end('\n');
      return [description, await events];
    },
  },
  {
    name: 'stdin destroyed is the end of input',
    run: async ({ spawn, closed }) => {
      const child = spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] });
      child.stdin.destroy();
      return closed(child);
    },
  },
  {
    name: 'stdout destroyed: the writer fails or dies of SIGPIPE',
    run: async ({ spawn, closed }) => {
      const child = spawn('yes', { stdio: ['ignore', 'pipe', 'ignore'] });
      const events = closed(child);
      await new Promise((resolve) => child.stdout.once('data', resolve));
      child.stdout.destroy();
      // ECONNRESET, when something had not been read, else EPIPE with the signal.
      const [, code, signal] = (await events).find(([name]) => name === 'exit');
      return code === 1 || signal === 'SIGPIPE';
    },
  },
  {
    name: 'standard streams of the program block',
    run: async ({ spawn, closed, collect }) => {
      const child = spawn('sh', ['-c', 'for n in 0 1 2; do grep flags /proc/self/fdinfo/$n; done']);
      const text = collect(child, child.stdout);
      return [await closed(child), text];
    },
  },
];
