'use strict';
// A copy of the fork server becomes the process that was ordered, in two steps: what it can do before it knows what it is to
// be, which nobody waits for, and the rest.

const { syncBuiltinESMExports } = require('node:module');
const native = require('../../binding');
const runtime = require('../../runtime');
const clock = require('./clock');
const { runProgram } = require('./programs');
const randomness = require('./randomness');
const { warmUpInDomain } = require('./warm_up');

/** The one that V8 keeps. What was preloaded may have set it. */
let timeZone;

/** Before its order has come, or when it has just come. */
function prepare() {
  timeZone = process.env.TZ;
  Object.defineProperty(process, 'pid', {
    value: native.processId(),
    writable: false,
    enumerable: true,
    configurable: true,
  });
  randomness.renew();
  syncBuiltinESMExports();
  if (native.isOrdered()) return;
  runtime.open();
  // Once more: what it writes to is then its own.
  warmUpInDomain();
}

/**
 * What Node.js has read once is read again. Environment, directory, streams and limits are right already, natively.
 * @param {{ entry: string, args?: string[], isForked?: boolean }} order the program to run
 */
function beChild(order) {
  // Node.js keeps the directory that it was asked for last.
  process.chdir('.');
  // V8 keeps the time zone until it is set.
  if (process.env.TZ !== timeZone) {
    if (process.env.TZ === undefined) delete process.env.TZ;
    else process.env.TZ = `${process.env.TZ}`;
  }
  clock.restart();
  runtime.tellChildren();
  runProgram(order);
}

module.exports = { beChild, prepare };
