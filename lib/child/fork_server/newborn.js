'use strict';
// A copy of the fork server becomes the process that was ordered: what Node.js has read once is read again. Environment,
// directory, streams and limits are right already, natively.

const { syncBuiltinESMExports } = require('node:module');
const native = require('../../binding');
const clock = require('./clock');
const { runProgram } = require('./programs');
const randomness = require('./randomness');

/** @param {{ entry: string, args?: string[], isForked?: boolean }} order the program to run */
function beChild(order) {
  Object.defineProperty(process, 'pid', {
    value: native.processId(),
    writable: false,
    enumerable: true,
    configurable: true,
  });
  // Node.js keeps the directory that it was asked for last.
  process.chdir('.');
  // V8 keeps the time zone until it is set.
  if (process.env.TZ !== timeZone) {
    if (process.env.TZ === undefined) delete process.env.TZ;
    else process.env.TZ = `${process.env.TZ}`;
  }
  clock.restart();
  randomness.renew();
  syncBuiltinESMExports();
  runProgram(order);
}

const timeZone = process.env.TZ;

module.exports = { beChild };
