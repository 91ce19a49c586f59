'use strict';
// The message channel of Node.js over the pipe that we make.

const path = require('node:path');
const net = require('node:net');

const answer = path.join(__dirname, '..', 'fixtures', 'answer.js');

const start = (spawn, options) =>
  spawn(process.execPath, [answer], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], ...options });

/** Node.js emits no 'close' when the parent has disconnected. */
function exited(child, watch) {
  const events = watch(child);
  return new Promise((resolve) => child.once('exit', () => resolve(events)));
}

const next = (child) => new Promise((resolve) => child.once('message', (...args) => resolve(args)));

module.exports = [
  {
    name: 'ipc: messages both ways, disconnect by the child',
    run: async ({ spawn, closed }) => {
      const child = start(spawn);
      const events = closed(child);
      const fields = [child.connected, typeof child.send, typeof child.disconnect, child.channel?.constructor.name];
      const shape = child.stdio.map((stream) => stream === null);
      await next(child);
      child.send({ echo: { a: [1, 'ü', null] } });
      await next(child);
      child.send('disconnect');
      return { fields, shape, events: await events, connected: child.connected };
    },
  },
  {
    name: 'ipc: advanced serialization',
    run: async ({ spawn, watch }) => {
      const child = start(spawn, { serialization: 'advanced' });
      const events = exited(child, watch);
      await next(child);
      child.send({ echo: new Map([[1n, new Date(0)]]) });
      const [message] = await next(child);
      child.disconnect();
      await events;
      return [message instanceof Map, message.get(1n) instanceof Date];
    },
  },
  {
    name: 'ipc: disconnect by the parent, then a message is an error',
    run: async ({ spawn, watch, describeError }) => {
      const child = start(spawn);
      const events = exited(child, watch);
      await next(child);
      child.disconnect();
      const refused = await new Promise((resolve) => child.send('late', (error) => resolve(describeError(error))));
      return [await events, refused];
    },
  },
  {
    name: 'ipc: the channel has the number of its place',
    run: async ({ spawn, watch }) => {
      const child = start(spawn, { stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ignore', 'ipc'] });
      const events = exited(child, watch);
      const [ready] = await next(child);
      child.disconnect();
      await events;
      return ready;
    },
  },
  {
    name: 'ipc: a server is handed over and serves',
    run: async ({ spawn, watch }) => {
      const child = start(spawn);
      const events = exited(child, watch);
      await next(child);
      const server = net.createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address();
      child.send('serve', server);
      const [serving] = await next(child);
      await new Promise((resolve) => server.close(resolve));
      const text = await new Promise((resolve, reject) => {
        let received = '';
        net
          .connect(port, '127.0.0.1')
          .on('data', (chunk) => {
            received += chunk;
          })
          .on('end', () => resolve(received))
          .on('error', reject);
      });
      child.disconnect();
      await events;
      return [serving, text];
    },
  },
  {
    name: 'ipc: a program that dies closes the channel',
    run: async ({ spawn, closed }) => {
      const child = start(spawn);
      const events = closed(child);
      await next(child);
      child.kill('SIGKILL');
      return (await events).sort();
    },
  },
  {
    name: 'ipc: a program that does not exist',
    run: async ({ spawn, closed }) => {
      const child = spawn('no-such-program-here', { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
      return (await closed(child)).sort();
    },
  },
];
