'use strict';
// What contenders do with a child or a worker thread that messages go to and come from, so that rivals differ in who
// starts it, how it is started and what is sent.

const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { flood, roundTrips } = require('./measure.js');
const { program } = require('./programs.js');

/** Mean microseconds of `message` to a child and back. @param {typeof import('node:child_process').fork} fork */
function echoOf(fork, options, message, limits) {
  return withChild(fork, 'echo.js', options, (child) =>
    roundTrips(
      (value) => child.send(value),
      (listener) => child.on('message', listener),
      message,
      limits,
    ),
  );
}

/** Small objects a second from a child. @param {typeof import('node:child_process').fork} fork */
function floodOf(fork, options, count) {
  return withChild(fork, 'flood.js', options, (child) =>
    flood(
      (asked) => child.send(asked),
      (listener) => child.on('message', listener),
      count,
    ),
  );
}

async function withChild(fork, name, options, measure) {
  const child = fork(program(name), [], options);
  const figure = await measure(child);
  child.disconnect();
  await once(child, 'exit');
  return figure;
}

/** As `echoOf`, with a worker thread. */
function echoOfWorker(message, limits) {
  return withWorker('echo_worker.js', (worker) =>
    roundTrips(
      (value) => worker.postMessage(value),
      (listener) => worker.on('message', listener),
      message,
      limits,
    ),
  );
}

/** As `floodOf`, with a worker thread. */
function floodOfWorker(count) {
  return withWorker('flood_worker.js', (worker) =>
    flood(
      (asked) => worker.postMessage(asked),
      (listener) => worker.on('message', listener),
      count,
    ),
  );
}

async function withWorker(name, measure) {
  const worker = new Worker(program(name));
  const figure = await measure(worker);
  await worker.terminate();
  return figure;
}

module.exports = { echoOf, echoOfWorker, floodOf, floodOfWorker };
