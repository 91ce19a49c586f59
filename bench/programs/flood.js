'use strict';
// Started with fork, Node's or multiproc's: asked for N, sends N small objects, letting its event loop turn between batches.

const { SMALL_OBJECT } = require('../measure.js');

process.on('message', (count) => {
  let sent = 0;
  const batch = () => {
    for (let i = 0; i < 500 && sent < count; i++, sent++) process.send(SMALL_OBJECT);
    if (sent < count) setImmediate(batch);
  };
  batch();
});
