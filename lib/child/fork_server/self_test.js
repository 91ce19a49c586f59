'use strict';
// The first child of a fork server: uses what a copy without all of its threads would hang on, and ends with a code that
// the parent knows. V8's threads compile, libuv's read a file, a worker thread starts and ends.

const { readFile } = require('node:fs');
const { Worker } = require('node:worker_threads');

const CODE = 42;

readFile(__filename, (error, text) => {
  if (error || text.length === 0) process.exit(1);
  const worker = new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true });
  worker.once('message', () => {
    process.exitCode = CODE;
  });
});
