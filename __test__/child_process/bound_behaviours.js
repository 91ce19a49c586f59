'use strict';
// A net.BoundSocket beside a message of fork, as handle_behaviours.js has the others. Node.js has them since version 26.

const { once } = require('node:events');
const net = require('node:net');

const TABLE = {
  'a bound socket is the receivers alone, who listens on its port': {
    program: () => {
      process.on('message', (message, bound) => {
        const { port } = bound.address();
        const { createServer } = process.getBuiltinModule('node:net');
        const server = createServer((socket) => socket.end('from the child')).listen(bound, () => {
          process.send([message, bound.constructor.name, port]);
        });
        process.once('disconnect', () => server.close());
      });
    },
    async drive({ child }) {
      const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
      const { port } = bound.address();
      child.send('bound', bound);
      const [[message, name, childsPort]] = await once(child, 'message');
      let isGiven = false;
      try {
        bound.fd();
      } catch ({ code }) {
        isGiven = code;
      }
      let answer = '';
      for await (const chunk of net.connect(port, '127.0.0.1')) answer += chunk;
      return { message, name, isSame: childsPort === port, isGiven, answer };
    },
    expect: { message: 'bound', name: 'BoundSocket', isSame: true, isGiven: 'ERR_SOCKET_HANDLE_ADOPTED' },
  },
};

module.exports = net.BoundSocket === undefined ? {} : TABLE;
