'use strict';
// The options of a Pool: which there are, and what they may be.

const { checkInteger, checkName, ownOptions } = require('../arguments');
const { LIMIT_NAMES, checkLimits } = require('../child_process/extras');
const { cpuCount } = require('../process/cpu_count');
const { checkLaunchOptions } = require('../process/launch');

const WORKERS_MAX = 255;
/** `maxHeapMb` and the limits are each worker's. */
const OPTIONS = ['workers', 'name', 'env', 'execArgv', 'cwd', 'stdio', 'maxHeapMb', 'startMethod', ...LIMIT_NAMES];

/** @returns {{ workers: number, name?: string }} and, among them, what its workers are started with */
function poolOptions(call, options) {
  const { workers = cpuCount(), name, ...launchOptions } = ownOptions(call, options, OPTIONS);
  checkInteger(call, 'workers', workers, 1, WORKERS_MAX);
  checkName(call, name);
  checkLaunchOptions(call, launchOptions);
  return { workers, name, ...launchOptions, ...checkLimits(call, launchOptions) };
}

module.exports = { poolOptions };
