'use strict';
// The program of a Process: runs its function, and sends what it returns or throws.

const { loadTarget, loadTargetSync } = require('../target/load');
const { loadClass } = require('../target/load_class');
const { moduleOf, whileLoading } = require('../process/loading');
const role = require('../process/role');
const { takeFirstMessage } = require('./first_message');
const { obey } = require('./orders');
const { portableError } = require('./portable_error');

/** How a subclass of Process, which has loaded the package itself, makes the object that stands for this process. */
const REVIVE = Symbol.for('multiproc.process.revive');

let channel;
/** What the parent has sent at the start. */
let message;

/** Once in a process. Settles when the function has. */
function runProcess() {
  const first = takeFirstMessage();
  ({ channel, message } = first);
  role.daemon = message.daemon;
  obey(channel, first.others);
  return main();
}

async function main() {
  let run;
  try {
    run = message.class === undefined ? await functionOf(message.target) : await methodOf(message.class);
  } catch (error) {
    return fail(error);
  }
  try {
    succeed(await run());
  } catch (error) {
    fail(error);
  }
}

async function functionOf(target) {
  const url = moduleOf(target);
  const fn = whileLoading(url, () => loadTargetSync(target)) ?? (await whileLoading(url, () => loadTarget(target)));
  return () => fn(...message.args);
}

async function methodOf(description) {
  const Class = await whileLoading(description.url, () => loadClass(description));
  return () => Class[REVIVE](Class, message).run();
}

function succeed(value) {
  try {
    channel.sendValue({ value }, 'result', '.value');
  } catch (error) {
    if (!isUnheard(error)) fail(error);
  }
}

// A process that outlives the one that started it: then nobody waits for the result.
function isUnheard(error) {
  return error?.code === 'ERR_MULTIPROC_CHANNEL_CLOSED';
}

// As an uncaught error: the stack on stderr and exit code 1. What else the program does may still go on.
function fail(error) {
  process.exitCode = 1;
  print(typeof error?.stack === 'string' ? error.stack : `Uncaught ${require('node:util').inspect(error)}`);
  try {
    channel.sendValue({ error }, 'error', '.error');
  } catch (unserialisable) {
    if (isUnheard(unserialisable)) return;
    const portable = portableError(error);
    channel.sendValue({ error: portable === error ? unserialisable : portable }, 'error');
  }
}

function print(text) {
  try {
    process.stderr.write(`${text}\n`);
  } catch {
    // The program has closed its stderr, or stands in its way. The error itself goes to the parent.
  }
}

module.exports = { runProcess };
