'use strict';
// The program of a Process: runs its function, and sends what it returns or throws.

const native = require('../binding');
const { loadTarget } = require('../target/load');
const role = require('../process/role');
const { unpack } = require('../travel');
const { attach } = require('./attach');
const { portableError } = require('./portable_error');

const { channel } = attach();
const [[, content]] = channel.receiveNow();
const { name, target, args } = unpack(content);

role.isMain = false;
role.name = name;
process.title = name;
native.setAgentName(name);
process.argv.splice(1, 1);

main();

async function main() {
  let fn;
  try {
    role.bootstrapping = true;
    fn = await loadTarget(target);
  } catch (error) {
    return fail(error);
  } finally {
    role.bootstrapping = false;
  }
  try {
    succeed(await fn(...args));
  } catch (error) {
    fail(error);
  }
}

function succeed(value) {
  try {
    channel.sendValue({ value }, 'result', '.value');
  } catch (error) {
    if (!isUnheard(error)) fail(error);
  }
}

// A detached process may outlive the one that started it: then nobody waits for the result.
function isUnheard(error) {
  return error?.code === 'ERR_MULTIPROC_CHANNEL_CLOSED';
}

// As an uncaught error: the stack on stderr and exit code 1. What else the program does may still go on.
function fail(error) {
  process.exitCode = 1;
  process.stderr.write(
    `${typeof error?.stack === 'string' ? error.stack : `Uncaught ${require('node:util').inspect(error)}`}\n`,
  );
  try {
    channel.sendValue({ error }, 'error', '.error');
  } catch (unserialisable) {
    if (isUnheard(unserialisable)) return;
    const portable = portableError(error);
    channel.sendValue({ error: portable === error ? unserialisable : portable }, 'error');
  }
}
