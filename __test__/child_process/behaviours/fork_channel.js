'use strict';
// fork(): what is refused to be sent, and what the channel is while it opens, fails and closes.

const path = require('node:path');

const answer = path.join(__dirname, '..', 'fixtures', 'answer.js');
const runsArgument = path.join(__dirname, '..', '..', 'fixtures', 'fork', 'runs_argument.js');
const QUIET = { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] };
const NOT_THERE = { ...QUIET, execPath: '/no-such-folder/node' };

const next = (child, event) => new Promise((resolve) => child.once(event, (...args) => resolve(args)));

/** With what stands in stacks and texts: there the code of Node's own errors is. */
const described = (describeError, error) =>
  error && { ...describeError(error), text: String(error), stack: error.stack.split('\n')[0], own: Object.keys(error) };

const REFUSED = {
  nothing: [],
  undefined: [undefined],
  'a BigInt': [1n],
  'a symbol': [Symbol('s')],
  'a function': [() => {}],
  'a function with a name': [function named() {}],
  'a class': [class Named {}],
  'a number as handle': [{}, 1],
  'an object as handle': [{}, {}],
  'options null': [{}, undefined, null],
  'a number as options': [{}, undefined, 5],
  'text as options': [{}, undefined, 'text'],
  'an array as options': [{}, undefined, []],
  'true as options': [{}, undefined, true],
};

const refused = Object.entries(REFUSED).map(([name, args]) => ({
  name: `fork: send refuses ${name}`,
  run: async ({ fork, describeError }) => {
    const child = fork(answer, QUIET);
    let error = null;
    try {
      child.send(...args);
    } catch (failure) {
      error = failure;
    }
    child.disconnect();
    await next(child, 'exit');
    return described(describeError, error);
  },
}));

/** The channel, as far as it is documented or used. */
const look = ({ connected, channel }) => ({
  connected,
  channel: channel && [
    channel.constructor.name,
    typeof channel.fd,
    ...['ref', 'unref', 'refCounted', 'unrefCounted', 'on'].map((name) => typeof channel[name]),
  ],
});

/** The same, in the child. */
const looks = () => {
  const { channel } = process;
  const seen = [channel.constructor.name, typeof channel.fd];
  for (const name of ['ref', 'unref', 'refCounted', 'unrefCounted', 'on']) seen.push(typeof channel[name]);
  process.send(seen);
};

/** A child that listens, and does not count as a listener. */
const lets = () => {
  process.on('message', () => {});
  process.channel.unrefCounted();
};

module.exports = [
  ...refused,
  {
    name: 'fork: the channel, and none from disconnect on',
    run: async ({ fork }) => {
      const child = fork(answer, QUIET);
      const before = look(child);
      child.disconnect();
      const after = look(child);
      await next(child, 'exit');
      return { before, after, end: look(child) };
    },
  },
  {
    name: 'fork: the channel in the child',
    run: async ({ fork }) => {
      const child = fork(runsArgument, [String(looks)], QUIET);
      const [seen] = await next(child, 'message');
      await next(child, 'exit');
      return seen;
    },
  },
  {
    name: 'fork: a child that counts itself off the channel ends',
    run: ({ fork }) => next(fork(runsArgument, [String(lets)], QUIET), 'exit'),
  },
  {
    name: 'fork: after disconnect, errors for send and disconnect',
    run: async ({ fork, describeError }) => {
      const child = fork(answer, QUIET);
      const errors = [];
      child.on('error', (error) => errors.push(described(describeError, error)));
      child.disconnect();
      child.disconnect();
      const result = child.send('late');
      const [error] = await new Promise((resolve) => child.send('late', (...args) => resolve(args)));
      child.send(undefined, (failure) => errors.push(described(describeError, failure)));
      await next(child, 'exit');
      return { errors, result, error: described(describeError, error) };
    },
  },
  {
    name: 'fork: what is sent to a program that could not be started is an error',
    run: async ({ fork, watch, describeError }) => {
      const child = fork(answer, NOT_THERE);
      const events = watch(child);
      const told = new Promise((resolve) => child.send('lost', (...args) => resolve(args)));
      child.send('quiet', undefined, { swallowErrors: true });
      const [error] = await told;
      if (child.connected) await next(child, 'disconnect');
      return { events, error: described(describeError, error) };
    },
  },
  {
    name: 'fork: so it is without a callback',
    run: async ({ fork, watch }) => {
      const child = fork(answer, NOT_THERE);
      const events = watch(child);
      child.send('lost');
      await next(child, 'disconnect');
      // Where 'close' stands among them is not the same in each of both.
      return [events.map(([name, about]) => [name, about?.code]).sort(), events.at(-1)];
    },
  },
  {
    name: 'fork: messages of a program that has a JSON of its own',
    run: async ({ fork }) => {
      const program = () => {
        JSON.parse = () => 'not parsed';
        JSON.stringify = () => '"not text"';
        process.once('message', (message) => process.send(message));
      };
      const child = fork(runsArgument, [String(program)], QUIET);
      child.send({ a: [1] });
      const [message] = await next(child, 'message');
      await next(child, 'exit');
      return message;
    },
  },
  {
    name: 'fork: a message whose cmd is no more than the prefix of those of Node.js is a message',
    run: async ({ fork }) => {
      const program = () => {
        process.send({ cmd: 'NODE_' });
        process.send({ cmd: 'NODE_OTHER' });
        process.send('end');
      };
      const child = fork(runsArgument, [String(program)], QUIET);
      const seen = [];
      child.on('message', (message) => seen.push(['message', message]));
      child.on('internalMessage', (message) => seen.push(['internalMessage', message]));
      await next(child, 'close');
      return seen;
    },
  },
];
