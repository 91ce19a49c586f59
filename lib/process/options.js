'use strict';
// The options of a Process: which there are, and what they may be.

const { checkInteger, checkName, checkSignal, invalidType, ownOptions } = require('../arguments');
const { checkLimits } = require('../child_process/extras');
const { checkLaunchOptions } = require('./launch');

const OPTIONS = [
  'args',
  'name',
  'daemon',
  'scope',
  'stdio',
  'env',
  'cwd',
  'execArgv',
  'detached',
  'orphan',
  'reap',
  'signal',
  'timeout',
  'inspect',
  'startMethod',
  'maxHeapMb',
  'maxRss',
  'nice',
  'cpus',
  'nofile',
  'cpuTime',
];

/** @returns {Record<string, any>} own options only, checked as far as they can be before the start */
function processOptions(call, options) {
  const own = { __proto__: null, ...ownOptions(call, options, OPTIONS) };
  if (own.args !== undefined && !Array.isArray(own.args)) {
    throw invalidType(call, 'args', 'an array of arguments', own.args);
  }
  for (const name of ['daemon', 'detached']) {
    if (own[name] !== undefined && typeof own[name] !== 'boolean')
      throw invalidType(call, name, 'a boolean', own[name]);
  }
  checkSignal(call, own.signal);
  checkName(call, own.name);
  if (own.timeout !== undefined && own.timeout !== Infinity) checkInteger(call, 'timeout', own.timeout, 0, 2 ** 31 - 1);
  checkLaunchOptions(call, own);
  checkLimits(call, own);
  return own;
}

module.exports = { processOptions };
