'use strict';
// The program of a pool's worker: pulls tasks from the shared queue, runs them, sends the results.

const native = require('../binding');
const runtime = require('../runtime');
const { loadTarget, loadTargetSync } = require('../target/load');
const { moduleOf, whileLoading } = require('../process/loading');
const { SerializationError } = require('../errors');
const { FAILED, MAP, SUCCEEDED } = require('../pool/protocol');
const { unpack } = require('../travel');
const { takeFirstMessage } = require('./first_message');
const { portableError } = require('./portable_error');

/** After this long the event loop gets a turn, even if there are more tasks. */
const TURN_MS = 10;
/** What claimTask() says when there is no task, and when there is one that does not fit. */
const NO_TASK = -1;
const LARGE_TASK = -2;
/** Where it copies a task to: its number, and its payload, which is read before the next one is claimed. */
const place = Buffer.allocUnsafeSlow(16 * 1024);
const NUMBER = 4;

let channel;
let queue;
/** Descriptions, and what they were loaded to. */
const targets = [];
const functions = [];
let working = false;

/** Once in a process. */
function runWorker() {
  const first = takeFirstMessage();
  ({ channel } = first);
  channel.setInternal();
  const {
    queue: [index, generation],
    index: worker,
  } = first.message;
  // The pool decides when its workers end, also when the terminal sends Ctrl-C to all of them.
  process.on('SIGINT', () => {});

  queue = native.openTaskQueue(runtime.open(), index, generation, worker);
  for (const [, content] of first.others) receive(unpack(content));
  runtime.pools.set(queue, work);
  channel.listen(
    (_type, content) => receive(unpack(content)),
    () => process.exit(),
    true,
  );
  tellReady();
  native.setWorkerIdle(queue, true);
}

/** Whose pool has ended meanwhile ends without a word, as one that is ready does. */
function tellReady() {
  try {
    channel.sendValue(native.ownToken(), 'ready');
  } catch (error) {
    if (error.code === 'ERR_MULTIPROC_CHANNEL_CLOSED') process.exit();
    throw error;
  }
}

function receive(message) {
  if (message.stop) {
    native.closeTaskQueue(queue);
    channel.close();
    process.exit();
  }
  targets[message.define] = message.target;
}

async function work() {
  if (working) return;
  working = true;
  native.setWorkerIdle(queue, false);
  let turnEnds = performance.now() + TURN_MS;
  for (let task = claim(); task !== null; task = claim()) {
    const pending = execute(task);
    if (pending !== undefined) await pending;
    if (performance.now() > turnEnds) {
      await new Promise(setImmediate);
      turnEnds = performance.now() + TURN_MS;
    }
  }
  working = false;
  native.setWorkerIdle(queue, true);
}

/** @returns {{ id: number, payload: Buffer } | null} */
function claim() {
  const found = native.claimTask(queue, place);
  if (found === NO_TASK) return null;
  if (found === LARGE_TASK) return native.takeClaimedTask(queue);
  return { id: place.readUInt32LE(0), payload: place.subarray(NUMBER, found) };
}

// Returns a promise only when it has to wait: most tasks do not, and a turn of the event loop costs more than they do.
function execute({ id, payload }) {
  let result;
  try {
    const [mode, definition, args] = unpack(payload);
    const fn = functionOf(definition);
    if (isPromise(fn)) return fn.then((loaded) => call(loaded, mode, args)).then(...answers(id));
    result = call(fn, mode, args);
  } catch (error) {
    return answer(id, FAILED, error);
  }
  return isPromise(result) ? result.then(...answers(id)) : answer(id, SUCCEEDED, result);
}

function answers(id) {
  return [(value) => answer(id, SUCCEEDED, value), (error) => answer(id, FAILED, error)];
}

function call(fn, mode, args) {
  return mode === MAP ? mapItems(fn, args) : fn(...args);
}

function mapItems(fn, items) {
  const results = [];
  for (let position = 0; position < items.length; position += 1) {
    const result = fn(items[position]);
    if (isPromise(result)) return mapRest(fn, items, results, result);
    results.push(result);
  }
  return results;
}

async function mapRest(fn, items, results, pending) {
  results.push(await pending);
  while (results.length < items.length) results.push(await fn(items[results.length]));
  return results;
}

function functionOf(definition) {
  if (functions[definition] !== undefined) return functions[definition];
  // The definition was sent before the task was queued, so it is there.
  if (targets[definition] === undefined) channel.flush();
  const target = targets[definition];
  const url = moduleOf(target);
  const loaded = whileLoading(url, () => loadTargetSync(target));
  if (loaded !== undefined) {
    functions[definition] = loaded;
    return loaded;
  }
  return whileLoading(url, () => loadTarget(target)).then((fn) => {
    functions[definition] = fn;
    return fn;
  });
}

function answer(id, status, value) {
  try {
    channel.answer(queue, status, id, value);
  } catch (error) {
    if (error.code === 'ERR_MULTIPROC_CHANNEL_CLOSED') return;
    const portable = status === FAILED ? portableError(value) : value;
    const reason = error instanceof SerializationError ? error : new Error(error.message);
    channel.answer(queue, FAILED, id, portable === value ? reason : portable);
  }
}

function isPromise(value) {
  return typeof value?.then === 'function';
}

module.exports = { runWorker };
