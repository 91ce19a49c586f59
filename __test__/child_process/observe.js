'use strict';
// Runs one behaviour with one implementation of node:child_process and returns what can be seen of it, as plain data, so
// that the observations of node:child_process and of this package can be compared.
//
// A behaviour is `async ({ spawn, exec, watch, … }) => observation`. The children that it starts are killed when it is over,
// or when it does not end within LIMIT.

const { once } = require('node:events');

const LIMIT = 30_000;
/** The functions that give a child. */
const STARTERS = ['spawn', 'fork', 'exec', 'execFile'];

/** @typedef {{ name: string, run: (tools: Tools) => unknown }} Behaviour */

/**
 * @param {Behaviour} behaviour
 * @param {typeof import('node:child_process')} implementation
 */
async function observe(behaviour, implementation) {
  const children = [];
  const tools = {
    ...implementation,
    // As it came, with what util.promisify finds there.
    implementation,
    watch,
    closed,
    thrown,
    describeError,
    called,
    collect,
    describeFailure,
  };
  for (const name of STARTERS) {
    tools[name] = (...args) => {
      const child = implementation[name](...args);
      children.push(child);
      return child;
    };
  }
  let watchdog;
  const late = new Promise((_, reject) => {
    watchdog = setTimeout(() => reject(new Error(`"${behaviour.name}" did not end within ${LIMIT} ms`)), LIMIT);
  });
  try {
    return await Promise.race([behaviour.run(tools), late]);
  } finally {
    clearTimeout(watchdog);
    for (const child of children) await end(child);
  }
}

async function end(child) {
  if (!child.pid || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.ref();
  child.kill('SIGKILL');
  await ended;
}

/** Records the events of a child, in their order, and its streams' ends. */
function watch(child) {
  const events = [];
  for (const name of ['spawn', 'exit', 'close', 'disconnect']) {
    child.on(name, (...args) => events.push([name, ...args]));
  }
  child.on('message', (message) => events.push(['message', message]));
  child.on('error', (error) => events.push(['error', describeError(error)]));
  return events;
}

/** What was recorded once everything has been delivered. */
async function closed(child, events = watch(child)) {
  await new Promise((resolve) => child.once('close', resolve));
  return events;
}

/** The text of a stream, and whether it had ended before the child's 'close'. */
function collect(child, stream) {
  const collected = { text: '', bytes: 0, endedBeforeClose: false };
  let ended = false;
  stream.on('data', (chunk) => {
    collected.bytes += chunk.length;
    if (collected.bytes < 100_000) collected.text += chunk;
  });
  stream.on('end', () => {
    ended = true;
  });
  child.once('close', () => {
    collected.endedBeforeClose = ended;
  });
  return collected;
}

function describeError(error) {
  const { name, message, code, errno, syscall, path, spawnargs } = error;
  const cause = error.cause instanceof Error ? String(error.cause) : error.cause;
  return { class: error.constructor.name, name, message, code, errno, syscall, path, spawnargs, cause };
}

/** As `describeError`, with what the functions that collect output add. */
function describeFailure(error) {
  if (error === null) return null;
  const { killed, signal, cmd, status, output, stdout, stderr } = error;
  const own = Object.keys(error).sort();
  return { ...describeError(error), own, text: String(error), killed, signal, cmd, status, output, stdout, stderr };
}

/** Calls `start` with a callback behind the arguments; what the callback got, and the child's events to their end. */
async function called(start, ...args) {
  let child;
  let events;
  const told = new Promise((resolve) => {
    child = start(...args, (...results) => resolve(results));
    events = watch(child);
  });
  const end = new Promise((resolve) => child.once('close', resolve));
  const [error, stdout, stderr] = await told;
  await end;
  return { error: describeFailure(error), stdout, stderr, events, killed: child.killed };
}

/** What a call throws, or null. */
function thrown(call) {
  try {
    call();
    return null;
  } catch (error) {
    return describeError(error);
  }
}

/** @typedef {typeof import('node:child_process') & { implementation: typeof import('node:child_process'), watch: typeof watch, closed: typeof closed, thrown: typeof thrown, describeError: typeof describeError, describeFailure: typeof describeFailure, called: typeof called, collect: typeof collect }} Tools */

module.exports = { observe, describeError };
