'use strict';
// What a newborn runs: by the file that an ordinary process would have been started with, a function that is loaded before
// the fork. Any other file is run as Node.js runs a main module.

const { Module } = require('node:module');
const path = require('node:path');
const { runProcess } = require('../process_program');
const { runWorker } = require('../pool_program');

const PROGRAMS = new Map([
  [path.join(__dirname, '..', 'process_main.js'), runProcess],
  [path.join(__dirname, '..', 'pool_worker.js'), runWorker],
]);

/** @param {string} entry an absolute path */
function runProgram(entry) {
  process.argv = [process.execPath, entry];
  const run = PROGRAMS.get(entry);
  if (run === undefined) Module.runMain(entry);
  else run();
}

module.exports = { runProgram };
