'use strict';
// What run() and runSync() of everything that is acquired and released do. What they have acquired they release, also
// when the object was closed meanwhile.

const { invalidType } = require('../arguments');
const { pin, typeOf, unpin } = require('./shared_object');

/**
 * @param {object} object what is acquired
 * @param {string} method the user's call
 * @param {() => unknown} fn the user's
 * @param {() => Promise<boolean>} acquire
 * @param {(shared: object) => void} release gets the native object
 * @param {(fn: () => unknown) => unknown} [invoke] calls fn
 * @returns {Promise<unknown>} what fn returned; `false` when the time was over
 */
async function run(object, method, fn, acquire, release, invoke = plainly) {
  const shared = begin(object, method, fn);
  try {
    if (!(await acquire())) return false;
    try {
      return await invoke(fn);
    } finally {
      release(shared);
    }
  } finally {
    unpin(object);
  }
}

/** The same, with what is acquired by blocking. */
function runSync(object, method, fn, acquireSync, release, invoke = plainly) {
  const shared = begin(object, method, fn);
  try {
    if (!acquireSync()) return false;
    try {
      return invoke(fn);
    } finally {
      release(shared);
    }
  } finally {
    unpin(object);
  }
}

function begin(object, method, fn) {
  if (typeof fn !== 'function') throw invalidType(`${typeOf(object).noun}.${method}()`, 'fn', 'a function', fn);
  return pin(object, method);
}

function plainly(fn) {
  return fn();
}

module.exports = { run, runSync };
