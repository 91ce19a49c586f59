'use strict';
// One time limit for several waits.

// Taken at load: a test runner's fake timers replace process.hrtime later.
const now = process.hrtime.bigint;

/**
 * @param {number} limit milliseconds, -1 for none
 * @returns {() => number} what is left of it, 0 when it is over; -1 for none
 */
function deadline(limit) {
  if (limit < 0) return () => -1;
  const begun = now();
  return () => Math.max(0, limit - Number(now() - begun) / 1e6);
}

module.exports = { deadline };
