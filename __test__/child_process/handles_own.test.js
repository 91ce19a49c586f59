'use strict';
// Sockets and servers beside the messages of fork, where node:child_process gives no measure: many of them, deaths at each
// step, want of descriptors, HTTP.

const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { promisify } = require('node:util');
const test = require('ava');
const { fork } = require('../..');
const { Outgoing } = require('../../lib/channel/outgoing');
const { SocketLists } = require('../../lib/channel/socket_lists');
const { guard } = require('../helpers/leaks');
const { until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const PROGRAM = path.join(__dirname, '..', 'fixtures', 'fork', 'handles.js');
const start = (...args) => fork(PROGRAM, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
const descriptors = () => fs.readdirSync('/proc/self/fd').length;
const closed = (server) => new Promise((resolve) => server.close(resolve));

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function connection(server) {
  const client = net.connect(server.address().port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  return { client: client.on('error', () => {}), accepted };
}

async function end(child) {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Without listeners of the server's own: they are each test's. */
const quiet = () => listening(net.createServer({ pauseOnConnect: true }));

test.serial('a thousand sockets in a row arrive, and no descriptor is left on either side', async (t) => {
  const server = await quiet();
  const child = start('serves');
  const openThere = async () => {
    child.send('how many');
    return (await once(child, 'message'))[0];
  };
  const pass = async (number) => {
    const { client, accepted } = await connection(server);
    child.send(number, accepted);
    t.is(await text(client), String(number));
  };
  await pass('first');
  const before = [descriptors(), await openThere()];
  for (let number = 0; number < 1000; number += 1) await pass(number);
  await until(async () => (await openThere()) <= before[1], 'the descriptors of the child are closed');
  await until(() => descriptors() <= before[0], 'the descriptors of the parent are closed');
  await Promise.all([closed(server), end(child)]);
});

test.serial('three hundred sockets at once arrive in order, with every callback', async (t) => {
  const server = await quiet();
  const child = start('serves');
  const pairs = [];
  for (let number = 0; number < 300; number += 1) pairs.push(await connection(server));
  const answers = pairs.map(({ client }) => text(client));
  const returned = [];
  const called = [];
  pairs.forEach(({ accepted }, number) => {
    returned.push(child.send(number, accepted, (error) => called.push(error ?? number)));
  });
  t.deepEqual(
    await Promise.all(answers),
    Array.from(answers, (_, number) => String(number)),
  );
  t.true(returned[0]);
  t.false(returned[299]);
  await until(() => called.length === 300, 'all callbacks');
  t.deepEqual(
    called,
    Array.from(called, (_, number) => number),
  );
  await Promise.all([closed(server), end(child)]);
});

test.serial('receiver_killed_before_it_read_the_peers_of_all_sockets_see_their_end', async (t) => {
  const server = await quiet();
  const before = descriptors();
  const child = start('sleeps');
  await once(child, 'message');
  const clients = [];
  const errors = [];
  for (let number = 0; number < 40; number += 1) {
    const { client, accepted } = await connection(server);
    clients.push(client.resume());
    child.send(number, accepted, (error) => errors.push(error));
    // Those that could not go are still this process's own.
    if (accepted._handle !== null) client.destroyHere = () => accepted.destroy();
  }
  const held = clients.filter(({ destroyHere }) => destroyHere);
  t.is(held.length, 40 - 16);
  await end(child);
  await Promise.all(
    clients.filter(({ destroyHere }) => !destroyHere).map((client) => client.closed || once(client, 'close')),
  );
  await until(() => errors.length === 40, 'all callbacks');
  t.deepEqual(errors.slice(0, 16), Array(16).fill(null));
  t.true(errors.slice(16).every(({ code }) => code === 'ERR_IPC_CHANNEL_CLOSED'));
  for (const { destroyHere } of held) destroyHere();
  await closed(server);
  await until(() => descriptors() < before, 'no descriptor is left');
});

test.serial('sender_killed_after_it_sent_the_receiver_has_all', async (t) => {
  for (const count of [1, 7, 16]) {
    const child = start('givesAndDies', String(count));
    const [port] = await once(child, 'message');
    const received = [];
    child.on('message', (number, socket) => received.push([number, socket]));
    const clients = Array.from({ length: count }, () => net.connect(port, '127.0.0.1'));
    const answers = clients.map((client) => text(client));
    const [, signal] = await once(child, 'close');
    t.is(signal, 'SIGKILL');
    t.deepEqual(
      received.map(([number]) => number),
      Array.from({ length: count }, (_, number) => number),
    );
    for (const [number, socket] of received) socket.end(`given ${number}`);
    t.deepEqual((await Promise.all(answers)).sort(), received.map(([number]) => `given ${number}`).sort());
  }
});

test.serial('two children accept on one server that its first process has closed', async (t) => {
  const server = await quiet();
  const { port } = server.address();
  const children = [start('acceptsOne'), start('acceptsOne')];
  await Promise.all(
    children.map((child, index) => {
      child.send(index, server);
      return once(child, 'message');
    }),
  );
  await closed(server);
  // Each takes one connection and closes.
  const first = await text(net.connect(port, '127.0.0.1'));
  await once(children[Number(first)], 'exit');
  const second = await text(net.connect(port, '127.0.0.1'));
  t.deepEqual([first, second].sort(), ['0', '1']);
  await once(children[Number(second)], 'exit');
  const [error] = await once(net.connect(port, '127.0.0.1'), 'error');
  t.is(error.code, 'ECONNREFUSED');
});

test.serial('receiver_without_room_for_a_descriptor_gets_the_message_without_and_a_warning', async (t) => {
  const server = await quiet();
  const child = start('hasNoRoom');
  const seen = [];
  child.on('message', (message) => seen.push(message));
  child.send('fill');
  await until(() => seen.includes('full'), 'the child to be full');
  const lost = await connection(server);
  const end0 = text(lost.client);
  child.send('lost', lost.accepted);
  t.is(await end0, '');
  child.send('free');
  const kept = await connection(server);
  child.send('kept', kept.accepted);
  t.is(await text(kept.client), 'kept');
  await until(() => seen.includes('SentHandleNotReceivedWarning'), 'the warning');
  t.deepEqual(
    seen.filter((message) => Array.isArray(message)),
    [
      ['fill', 'undefined'],
      ['lost', 'undefined'],
      ['free', 'undefined'],
      ['kept', 'object'],
    ],
  );
  await Promise.all([closed(server), end(child)]);
});

test.serial('a message that has no form throws, and its socket stays as it was', async (t) => {
  for (const serialization of ['json', 'advanced']) {
    const server = await quiet();
    const child = fork(PROGRAM, ['serves'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization });
    const { client, accepted } = await connection(server);
    // More often than sockets may be under way at once.
    for (let round = 0; round < 40; round += 1) {
      const error = t.throws(() => child.send({ rows: [serialization === 'json' ? 1n : () => 1] }, accepted));
      if (serialization === 'advanced') t.is(error.path, 'message.rows[0]');
    }
    child.send('whole', accepted);
    t.is(await text(client), 'whole');
    await Promise.all([closed(server), end(child)]);
  }
});

test.serial('a socket whose message finds no room stays, and its server counts it and waits for it', async (t) => {
  const server = await quiet();
  const { client, accepted } = await connection(server);
  const lists = new SocketLists(new EventEmitter(), () => t.fail('nobody else has a connection'));
  const carrier = { isFull: false, next: 1, send: () => true };
  const channel = {
    sendWithHandle(_value, _root, _inside, goAhead) {
      t.true(goAhead());
      throw new Error('no room');
    },
  };
  const outgoing = new Outgoing({ channel, carrier, lists, isAdvanced: false });
  const item = { message: 'too much', kind: 'net.Socket', handle: accepted, keepOpen: false };
  t.throws(() => outgoing.transmit(item), { message: 'no room' });
  t.is(await promisify(server.getConnections.bind(server))(), 1);
  accepted.resume().end('still here');
  t.is(await text(client), 'still here');
  await closed(server);
});

test.serial('shared objects and a socket come with one message', async (t) => {
  const { SharedValue } = require('../..');
  const server = await quiet();
  const child = fork(path.join(__dirname, '..', 'fixtures', 'fork', 'runs_argument.js'), [
    String(() => {
      process.on('message', ({ value }, socket) => {
        value.value += 1;
        socket.end(String(value.value));
        process.disconnect();
      });
    }),
  ]);
  const value = new SharedValue('i32', 41);
  const { client, accepted } = await connection(server);
  child.send({ value }, accepted);
  t.is(await text(client), '42');
  t.is(value.value, 42);
  await once(child, 'exit');
  await closed(server);
});

test.serial('sockets with keys, which stay here, are refused', async (t) => {
  const { TLSSocket } = require('node:tls');
  const server = await quiet();
  const { client, accepted } = await connection(server);
  const child = start('serves');
  const secured = new TLSSocket(client).on('error', () => {});
  t.throws(() => child.send('secured', secured), { instanceOf: TypeError, code: 'ERR_INVALID_HANDLE_TYPE' });
  secured.destroy();
  accepted.destroy();
  await Promise.all([closed(server), end(child)]);
});

// Node.js 20 crashes here: the server's list still has the parser (closeIdleConnections).
test.serial('the connection of an HTTP request goes on in the child, and the server closes', async (t) => {
  const child = start('serves');
  const server = await listening(
    http.createServer((request) => {
      const body = 'from the child';
      child.send(
        `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
        request.socket,
      );
    }),
  );
  for (let round = 0; round < 20; round += 1) {
    const request = http.get({ port: server.address().port, host: '127.0.0.1', agent: false });
    const [response] = await once(request, 'response');
    t.is(await text(response), 'from the child');
  }
  await closed(server);
  await end(child);
});

test.serial('a server whose connections were in a child that is dead counts and closes', async (t) => {
  const server = await quiet();
  const child = start('sleeps');
  await once(child, 'message');
  const { client, accepted } = await connection(server);
  child.send('socket', accepted);
  await end(child);
  if (!client.closed) await once(client.resume(), 'close');
  t.is(await new Promise((resolve) => server.getConnections((_, count) => resolve(count))), 0);
  await closed(server);
});

test.serial('a peer that says anything about a handle gives messages without one, and no crash', (t) => {
  const { Arrivals } = require('../../lib/channel/arrivals');
  const { Carrier } = require('../../lib/channel/carrier');
  const { HANDLE } = require('../../lib/channel/channel');
  const { pack } = require('../../lib/travel');
  const { ours, theirs } = Carrier.create();
  const peer = Carrier.adopt(theirs);
  const got = [];
  const told = [];
  const arrivals = new Arrivals({ sendTaken: (number) => told.push(number) }, ours, null, (...args) => got.push(args));
  const say = (envelope) => arrivals.add(HANDLE, Buffer.from(pack(envelope, 'message')));
  const file = fs.openSync(__filename);
  const before = descriptors();
  for (const envelope of [
    null,
    5,
    [],
    {},
    { number: -1 },
    { number: '1', value: 1 },
    { number: 1e300 },
    { number: 7 },
  ]) {
    say(envelope);
  }
  // What is there, and is not what it is said to be.
  for (const kind of [
    'net.Socket',
    'net.Native',
    'dgram.Native',
    'dgram.Socket',
    'constructor',
    '__proto__',
    undefined,
  ]) {
    t.true(peer.send(file));
    say({ number: peer.next - 1, kind, dgramType: 'udp4', value: kind });
  }
  t.is(got.length, 15);
  t.true(got.every(([, handle]) => handle === undefined));
  t.deepEqual(told.slice(-2), [6, 7]);
  // Fewer: something of an earlier test was still being closed.
  t.true(descriptors() <= before);
  peer.close();
  ours.close();
  fs.closeSync(file);
});

test.serial('what a program holds back keeps it alive until that has gone', async (t) => {
  const child = start('givesAndEnds', '40');
  const [port] = await once(child, 'message');
  const clients = Array.from({ length: 40 }, () => net.connect(port, '127.0.0.1'));
  const got = [];
  child.on('message', (message, socket) => {
    got.push(message);
    socket?.destroy();
  });
  t.deepEqual(await once(child, 'close'), [0, null]);
  t.deepEqual(got, [...Array(40).keys(), 'last']);
  for (const client of clients) client.destroy();
});

test.serial('what a forked program starts inherits nothing of this', async (t) => {
  const child = start('starts');
  const [[names, links]] = await once(child, 'message');
  t.deepEqual(names, []);
  t.true(links.length > 0);
  t.deepEqual(
    links.filter((link) => /^(socket:|\/memfd)/.test(link)),
    [],
  );
  await once(child, 'close');
});
