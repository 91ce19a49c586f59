'use strict';
// What can be seen of sockets and servers that go with the messages of fork: name → the child's program, what the parent
// does and sees, and what it has to be, where that is the same on every run. For node:child_process and for this package.

const dgram = require('node:dgram');
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { until } = require('../fixtures/process/watch');

const listening = async (server, ...args) => {
  server.listen(...args);
  await once(server, 'listening');
  return server;
};
const closed = (server) => new Promise((resolve) => server.close(resolve));
/** Both ends of a TCP connection: `accepted` is what a server that counts it got. */
async function connection(server) {
  const client = net.connect(server.address().port ?? server.address());
  const [accepted] = await once(server, 'connection');
  return { client, accepted };
}
const disconnected = async (child) => child.connected && (await once(child, 'disconnect'));
const messageOf = async (child) => (await once(child, 'message'))[0];

const TABLE = {
  'a socket is the receivers alone': {
    program: () => {
      process.on('message', (message, socket) => {
        process.send([message, socket.constructor.name, socket.readable, socket.writable, socket.connecting]);
        socket.end('from the child');
        process.disconnect();
      });
    },
    async drive({ child }) {
      const server = await listening(net.createServer({ pauseOnConnect: true }), 0);
      const { client, accepted } = await connection(server);
      child.send({ take: 'this' }, accepted);
      const message = await messageOf(child);
      const answer = await text(client);
      const { _handle, destroyed } = accepted;
      await closed(server);
      return { message, answer, isEmpty: _handle === null, destroyed };
    },
    expect: { message: [{ take: 'this' }, 'Socket', true, true, false], answer: 'from the child' },
  },
  'what came before the socket was sent and was not read is read by the receiver': {
    program: () => {
      process.on('message', (_message, socket) => socket.on('data', (data) => socket.end(`got ${data}`)));
      process.once('message', () => process.disconnect());
    },
    async drive({ child }) {
      const server = await listening(net.createServer({ pauseOnConnect: true, allowHalfOpen: true }), 0);
      const client = net.connect(server.address().port);
      client.write('early');
      const [accepted] = await once(server, 'connection');
      child.send('socket', accepted);
      const answer = await text(client);
      await closed(server);
      return answer;
    },
    expect: 'got early',
  },
  'keepOpen leaves the socket to both': {
    program: () => {
      process.on('message', (_message, socket) => socket.write('child', () => process.send('written')));
    },
    async drive({ child }) {
      const server = await listening(net.createServer({ pauseOnConnect: true }), 0);
      const { client, accepted } = await connection(server);
      child.send('socket', accepted, { keepOpen: true });
      await messageOf(child);
      accepted.end(' and parent');
      const end = closed(server);
      // The peer sees the end when neither process has the socket any more.
      child.kill('SIGKILL');
      const answer = await text(client);
      // It is paused, and would not find its peer's end.
      accepted.destroy();
      await end;
      return answer;
    },
    expect: 'child and parent',
  },
  'a server accepts in both processes': {
    program: () => {
      process.on('message', (message, server) => {
        if (message === 'close') return server === undefined && process.server.close(() => process.disconnect());
        process.server = server;
        server.on('connection', (socket) => socket.end('child'));
        process.send([server.constructor.name, server.listening, server.address().port]);
      });
    },
    async drive({ child }) {
      const server = await listening(
        net.createServer((socket) => socket.end('parent')),
        0,
        '127.0.0.1',
      );
      const { port } = server.address();
      child.send('server', server);
      const [name, isListening, childPort] = await messageOf(child);
      const stillListening = server.listening;
      await closed(server);
      const answer = await text(net.connect(port, '127.0.0.1'));
      child.send('close');
      await disconnected(child);
      const [error] = await once(
        net.connect(port, '127.0.0.1').on('error', () => {}),
        'error',
      );
      return { name, isListening, isSame: childPort === port, stillListening, answer, after: error.code };
    },
    expect: { answer: 'child', stillListening: true, isListening: true, isSame: true, after: 'ECONNREFUSED' },
  },
  'a server of a path, and one of its connections': {
    program: () => {
      process.on('message', (message, handle) => {
        if (message === 'socket') return handle.end('one of the parent');
        process.send([handle.listening, handle.address()]);
        handle.close(() => process.disconnect());
      });
    },
    async drive({ child }) {
      const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-handles-'));
      const address = path.join(directory, 'socket');
      const server = await listening(net.createServer({ pauseOnConnect: true }), address);
      const { client, accepted } = await connection(server);
      child.send('socket', accepted);
      const answer = await text(client);
      child.send('server', server);
      const [isListening, childAddress] = await messageOf(child);
      await closed(server);
      fs.rmSync(directory, { recursive: true });
      return { answer, isListening, isSame: childAddress === address };
    },
    expect: { answer: 'one of the parent', isListening: true },
  },
  'a datagram socket receives in the child': {
    program: () => {
      process.on('message', (message, socket) => {
        socket.once('message', (data) => {
          process.send([message, socket.constructor.name, socket.type, String(data), socket.address().port]);
          socket.close();
          process.disconnect();
        });
        process.send('ready');
      });
    },
    async drive({ child }) {
      const socket = dgram.createSocket('udp4');
      await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
      const { port } = socket.address();
      child.send('datagrams', socket);
      await messageOf(child);
      // It is still open here; nobody here reads it any more.
      const isOpen = socket.address().port === port;
      await new Promise((resolve) => socket.close(resolve));
      const client = dgram.createSocket('udp4');
      client.send('hello', port, '127.0.0.1');
      const [message, name, type, data, childPort] = await messageOf(child);
      await new Promise((resolve) => client.close(resolve));
      return { message, name, type, data, isOpen, isSame: childPort === port };
    },
    expect: { data: 'hello', type: 'udp4', isOpen: true, isSame: true },
  },
  'the handles below servers and sockets': {
    program: ({ require }) => {
      const net = require('node:net');
      process.on('message', (message, handle) => {
        process.send([message, handle.constructor.name, typeof handle.fd]);
        if (message === 'server') {
          const server = net.createServer((socket) => server.close() && socket.end('accepted'));
          server.listen(handle, () => process.send('listens'));
        } else if (message === 'socket') {
          new net.Socket({ handle, readable: true, writable: true }).end('written');
        } else {
          handle.close();
          process.disconnect();
        }
      });
    },
    async drive({ child, seen }) {
      const server = await listening(net.createServer({ pauseOnConnect: true }), 0, '127.0.0.1');
      const { port } = server.address();
      const { client, accepted } = await connection(server);
      child.send('socket', accepted._handle, { keepOpen: true });
      await until(() => seen.length === 1, 'the socket');
      accepted.destroy();
      const written = await text(client);
      child.send('server', server._handle);
      await until(() => seen.length === 3, 'the server');
      await closed(server);
      const answer = await text(net.connect(port, '127.0.0.1'));
      const socket = dgram.createSocket('udp4');
      await new Promise((resolve) => socket.bind(0, resolve));
      const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol');
      child.send('datagrams', socket[symbol].handle, { keepOpen: true });
      await disconnected(child);
      await new Promise((resolve) => socket.close(resolve));
      return { written, answer, seen };
    },
    expect: { written: 'written', answer: 'accepted' },
  },
  'what a child sends arrives at its parent': {
    program: ({ require }) => {
      const net = require('node:net');
      const dgram = require('node:dgram');
      const server = net.createServer({ pauseOnConnect: true }, (socket) => {
        process.send('socket', socket);
        process.send('server', server, () => server.close());
        const datagrams = dgram.createSocket('udp4').bind(0, () => {
          process.send('datagrams', datagrams, () => datagrams.close());
        });
      });
      server.listen(0, '127.0.0.1', () => process.send(server.address().port));
      process.on('disconnect', () => {});
      process.once('message', () => process.disconnect());
    },
    async drive({ child }) {
      const port = await messageOf(child);
      const client = net.connect(port, '127.0.0.1');
      const got = {};
      child.on('message', (message, handle) => {
        got[message] = handle;
      });
      await until(() => got.datagrams !== undefined, 'all three');
      got.socket.end('from the parent');
      const answers = [await text(client)];
      got.server.on('connection', (socket) => socket.end('a server of the child'));
      const second = net.connect(port, '127.0.0.1');
      answers.push(await text(second));
      const names = Object.entries(got).map(([name, handle]) => [name, handle.constructor.name]);
      await closed(got.server);
      await new Promise((resolve) => got.datagrams.close(resolve));
      child.send('end');
      await disconnected(child);
      return { answers, names };
    },
    expect: { answers: ['from the parent', 'a server of the child'] },
  },
  'messages with handles and without keep their order': {
    program: () => {
      const seen = [];
      process.on('message', (message, handle) => {
        seen.push([message, handle?.constructor.name]);
        handle?.close?.();
        handle?.destroy?.();
        if (message !== 'end') return;
        process.send(seen);
        process.disconnect();
      });
    },
    async drive({ child }) {
      const server = await listening(net.createServer({ pauseOnConnect: true }), 0, '127.0.0.1');
      const clients = [];
      const sockets = [];
      for (let index = 0; index < 60; index += 1) {
        const { client, accepted } = await connection(server);
        clients.push(client.on('error', () => {}));
        sockets.push(accepted);
      }
      sockets.forEach((socket, index) => {
        child.send(`socket ${index}`, socket);
        child.send(`plain ${index}`);
        if (index % 20 === 0) child.send(`server ${index}`, server);
      });
      child.send('end');
      const seen = await messageOf(child);
      await Promise.all(clients.map((client) => client.destroyed || once(client.resume(), 'close')));
      await closed(server);
      return seen;
    },
    expect: (t, seen) => {
      t.is(seen.length, 124);
      t.deepEqual(
        seen.slice(0, 3),
        [
          ['socket 0', 'Socket'],
          ['plain 0', undefined],
          ['server 0', 'Server'],
        ].map((entry) => entry.map((part) => part ?? (t.context.isJson ? null : undefined))),
      );
      t.deepEqual(seen.at(-2)[0], 'plain 59');
    },
  },
  'a socket that is closed, and one that was sent already, are not there': {
    program: () => {
      process.on('message', (message, handle) => {
        process.send([message, typeof handle]);
        if (message === 'first') handle.end();
        if (message === 'end') process.disconnect();
      });
    },
    async drive({ child, seen }) {
      const server = await listening(net.createServer({ pauseOnConnect: true }), 0);
      const { client, accepted } = await connection(server);
      const closedSocket = new net.Socket();
      child.send('never opened', closedSocket);
      child.send('first', accepted);
      child.send('again', accepted);
      child.send('not listening', net.createServer());
      child.send('end');
      await text(client);
      await disconnected(child);
      await closed(server);
      return seen;
    },
    expect: (t, seen) =>
      t.deepEqual(
        seen.map(([, type]) => type),
        ['undefined', 'object', ...Array(3).fill('undefined')],
      ),
  },
  'what cannot be sent is refused': {
    program: () => process.on('message', () => {}),
    async drive({ child }) {
      const outcomes = [];
      for (const handle of [{}, [], 1, 'text', true, Symbol('s'), 1n, new EventEmitter(), child, null, 0, '']) {
        try {
          outcomes.push(child.send('message', handle));
        } catch ({ name, code, message }) {
          outcomes.push([name, code, message]);
        }
      }
      return outcomes;
    },
    expect: (t, outcomes) =>
      t.deepEqual(outcomes[0], ['TypeError', 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent']),
  },
  'a datagram socket that is not bound is an error of the callback': {
    program: () => process.once('message', () => process.disconnect()),
    async drive({ child }) {
      const socket = dgram.createSocket('udp4');
      const error = await new Promise((resolve) => child.send('unbound', socket, resolve));
      child.send('end');
      await disconnected(child);
      socket.close();
      return [error.message, error.code, error.errno, error.syscall];
    },
    expect: (t, [, code]) => t.is(code, 'EBADF'),
  },
  'a server counts its connections in other processes, and its close waits for them': {
    program: () => {
      const sockets = [];
      process.on('message', (message, socket) => {
        if (socket) sockets.push(socket);
        else sockets.pop().destroy();
        process.send(message);
      });
    },
    async drive({ child }) {
      const server = await listening(net.createServer({ pauseOnConnect: true }), 0);
      const clients = [];
      const count = () => new Promise((resolve) => server.getConnections((error, number) => resolve(error ?? number)));
      let last;
      for (let index = 0; index < 3; index += 1) {
        const { client, accepted } = await connection(server);
        clients.push(client.on('error', () => {}).resume());
        last = accepted;
        if (index === 2) continue;
        child.send(index, accepted);
        await messageOf(child);
      }
      const counts = [await count()];
      last.destroy();
      child.send('destroy one');
      await messageOf(child);
      await until(async () => (await count()) === 1, 'one connection left');
      let isClosed = false;
      const end = closed(server).then(() => {
        isClosed = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      counts.push(isClosed);
      child.send('destroy the other');
      await end;
      child.kill('SIGKILL');
      return counts;
    },
    expect: [3, false],
  },
  'a handle waits with its message until somebody listens': {
    program: () => {
      process.send('up');
      setTimeout(() => {
        process.on('message', (message, socket) => {
          socket?.end(message);
          if (!socket) setImmediate(() => process.disconnect());
        });
      }, 50);
    },
    async drive({ child }) {
      const server = await listening(net.createServer({ pauseOnConnect: true }), 0);
      await messageOf(child);
      const { client, accepted } = await connection(server);
      child.send('late', accepted);
      child.send('end');
      const answer = await text(client);
      await disconnected(child);
      await closed(server);
      return answer;
    },
    expect: 'late',
  },
  'disconnect comes after what is still to be sent': {
    program: () => {
      const seen = [];
      process.on('message', (message, socket) => {
        socket?.end();
        seen.push(message);
      });
      process.on('disconnect', () => process.exit(seen.length));
    },
    async drive({ child }) {
      const server = await listening(net.createServer({ pauseOnConnect: true }), 0);
      const clients = [];
      for (let index = 0; index < 40; index += 1) {
        const { client, accepted } = await connection(server);
        clients.push(text(client));
        child.send(index, accepted);
      }
      child.disconnect();
      const states = [child.connected];
      // Node's server would ask the child once it is gone.
      const end = closed(server);
      const late = await new Promise((resolve) => child.send('late', resolve));
      const [code] = await once(child, 'exit');
      await Promise.all(clients);
      await end;
      return [...states, late.code, code];
    },
    expect: [false, 'ERR_IPC_CHANNEL_CLOSED', 40],
  },
};

module.exports = TABLE;
