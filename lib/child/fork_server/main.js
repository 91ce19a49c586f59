'use strict';
// The program of a fork server: loads what the children need, and is then forked for each of them.
//
// What is loaded runs once, here, for all children. It must leave nothing behind that no two processes can share: an open
// socket, a timer, a process, an inspector. The native side refuses what it sees of that, and this file the rest; the
// parent is told why, and starts ordinary processes instead. In each newborn the call to
// serveForks() returns, some time before it is needed, and the call to awaitOrder() when it is.

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { setTimeout: sleep } = require('node:timers/promises');
const native = require('../../binding');
const role = require('../../process/role');
const randomness = require('./randomness');
const streams = require('./streams');
const { takeOrders } = require('./orders');

const QUIET_AFTER_MS = 2000;
const LOOK_AGAIN_MS = 5;
/** What may be under way in a process that is forked. The last one is an import hook's worker. */
const HARMLESS = new Set(['Immediate', 'TickObject', 'TTYWrap', 'MessagePort']);

native.noteOwnThreads();
const { control, report, library, preload, libraryPath } = takeOrders();
fs.closeSync(library);
if (libraryPath === undefined) delete process.env.LD_PRELOAD;
else process.env.LD_PRELOAD = libraryPath;
process.title = 'multiproc-fork-server';
role.isMain = false;
role.name = 'fork server';
role.isForkServer = true;
role.bootstrapping = true;

main();

async function main() {
  try {
    randomness.install();
    streams.install();
    // Only now: they may draw random numbers.
    require('./newborn');
    require('./warm_up').warmUp();
    for (const specifier of preload) await load(specifier);
    await becomeQuiet();
    streams.restore();
    role.bootstrapping = false;
    role.isForkServer = false;
    // From a turn of its own, so that a newborn begins with an empty stack.
    setImmediate(serve);
  } catch (error) {
    tell({ reason: error?.message ?? String(error), stack: error?.stack });
  }
}

async function load(specifier) {
  const isPath = path.isAbsolute(specifier);
  try {
    await import(isPath ? pathToFileURL(specifier).href : specifier);
  } catch (error) {
    const failure = new Error(`${specifier} could not be preloaded: ${error?.message ?? error}`);
    failure.stack = error?.stack;
    throw failure;
  }
}

/** What was loaded may have begun something that ends by itself. */
async function becomeQuiet() {
  if (require('node:inspector').url() !== undefined) throw new Error('a debugger is open');
  const deadline = process.hrtime.bigint() + BigInt(QUIET_AFTER_MS) * 1_000_000n;
  for (;;) {
    await sleep(LOOK_AGAIN_MS);
    const active = process.getActiveResourcesInfo().filter((kind) => !HARMLESS.has(kind));
    if (active.length === 0) return;
    if (process.hrtime.bigint() > deadline) {
      throw new Error(`what was preloaded is still active: ${[...new Set(active)].join(', ')}`);
    }
  }
}

function serve() {
  try {
    native.serveForks(control, report);
  } catch (error) {
    return tell({ reason: error.message });
  }
  // In a newborn.
  const { beChild, prepare } = require('./newborn');
  try {
    prepare();
  } catch {
    // Nothing of the user's has run, and its own handlers of errors are none of this: an ordinary process is started.
    native.endNewborn();
  }
  beChild(JSON.parse(native.awaitOrder()));
}

/** The parent knows that it ends because of that. */
function tell(failure) {
  fs.writeSync(report, `${JSON.stringify(failure)}\n`);
  process.exit(0);
}
