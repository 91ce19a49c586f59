'use strict';
// The blocking form.

const { performance } = require('node:perf_hooks');
const { Lock } = require('../../multiproc.js');

const PAIRS = 100_000;

module.exports = ({ budget }) => {
  const lock = new Lock();
  let pairs = -PAIRS; // the first batch warms up
  let started = 0;
  let elapsed = 0;
  while (elapsed < budget) {
    if (pairs === 0) started = performance.now();
    for (let i = 0; i < PAIRS; i++) {
      lock.acquireSync();
      lock.release();
    }
    pairs += PAIRS;
    if (pairs > 0) elapsed = performance.now() - started;
  }
  return (elapsed * 1e6) / pairs;
};
