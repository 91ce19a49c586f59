'use strict';
// Started with fork, Node's or multiproc's: sends every message back.

process.on('message', (message) => process.send(message));
