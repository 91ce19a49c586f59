'use strict';
// Started as a worker thread: as flood.js.

const { parentPort } = require('node:worker_threads');
const { SMALL_OBJECT } = require('../measure.js');

parentPort.on('message', (count) => {
  let sent = 0;
  const batch = () => {
    for (let i = 0; i < 500 && sent < count; i++, sent++) parentPort.postMessage(SMALL_OBJECT);
    if (sent < count) setImmediate(batch);
  };
  batch();
});
