'use strict';
// Runs one behaviour with one implementation of `spawn` and returns what can be seen of it, as plain data, so that the
// observations of node:child_process and of this package can be compared.
//
// A behaviour is `async ({ spawn, watch, … }) => observation`. The children that it starts are killed when it is over,
// or when it does not end within LIMIT.

const { once } = require('node:events');

const LIMIT = 30_000;

/** @typedef {{ name: string, run: (tools: Tools) => unknown }} Behaviour */

/**
 * @param {Behaviour} behaviour
 * @param {typeof import('node:child_process').spawn} spawn
 */
async function observe(behaviour, spawn) {
  const children = [];
  const tools = {
    spawn: (...args) => {
      const child = spawn(...args);
      children.push(child);
      return child;
    },
    watch,
    closed,
    thrown,
    describeError,
    collect,
  };
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

/** What a call throws, or null. */
function thrown(call) {
  try {
    call();
    return null;
  } catch (error) {
    return describeError(error);
  }
}

/** @typedef {{ spawn: typeof import('node:child_process').spawn, watch: typeof watch, closed: typeof closed, thrown: typeof thrown, describeError: typeof describeError, collect: typeof collect }} Tools */

module.exports = { observe, describeError };
