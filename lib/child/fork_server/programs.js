'use strict';
// What a newborn runs. Our own programs are functions that are loaded before the fork, known by the file that an ordinary
// process would have been started with. Any other file is run as Node.js runs a main module.

const { Module } = require('node:module');
const path = require('node:path');
const { connectToParent } = require('../fork_program');
const { runProcess } = require('../process_program');
const { runWorker } = require('../pool_program');

const PROGRAMS = new Map([
  [path.join(__dirname, '..', 'process_main.js'), runProcess],
  [path.join(__dirname, '..', 'pool_worker.js'), runWorker],
]);

/** @param {{ entry: string, args?: string[], isForked?: boolean }} order `isForked`: it has a channel, as fork() gives it */
function runProgram({ entry, args = [], isForked = false }) {
  const file = path.resolve(entry);
  process.argv = [process.execPath, file, ...args];
  if (isForked) connectToParent();
  const run = PROGRAMS.get(file);
  if (run === undefined) Module.runMain(file);
  else run();
}

module.exports = { runProgram };
