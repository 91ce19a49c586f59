'use strict';
// What run() and runSync() of everything that is acquired and released do.

const { invalidType } = require('../arguments');

/**
 * @param {string} call how errors name the call
 * @param {() => unknown} fn the user's
 * @param {() => Promise<boolean>} acquire
 * @param {() => void} release
 * @param {(fn: () => unknown) => unknown} [invoke] calls fn
 * @returns {Promise<unknown>} what fn returned; `false` when the time was over
 */
async function run(call, fn, acquire, release, invoke = plainly) {
  if (typeof fn !== 'function') throw invalidType(call, 'fn', 'a function', fn);
  if (!(await acquire())) return false;
  try {
    return await invoke(fn);
  } finally {
    release();
  }
}

function runSync(call, fn, acquireSync, release, invoke = plainly) {
  if (typeof fn !== 'function') throw invalidType(call, 'fn', 'a function', fn);
  if (!acquireSync()) return false;
  try {
    return invoke(fn);
  } finally {
    release();
  }
}

function plainly(fn) {
  return fn();
}

module.exports = { run, runSync };
