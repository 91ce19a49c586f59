'use strict';
// The other process of lifetime.js: sends back what it gets, or holds it, or collects its garbage.

const { setImmediate: turn } = require('node:timers/promises');

const held = [];

process.on('message', async (message) => {
  if (message === 'collect') {
    global.gc();
    await turn();
    process.send('collected');
  } else if (message.hold) {
    held.push(message.hold);
    process.send('held');
  } else {
    process.send(message);
  }
});
