'use strict';
// How many processors this process may really use.

const fs = require('node:fs');
const native = require('../binding');

/** Processors of this process's affinity mask, and no more than its cgroup's quota (rounded up), at least 1. */
function cpuCount() {
  return Math.max(1, Math.min(native.processorCount(), Math.ceil(quota())));
}

function quota() {
  try {
    const [limit, period] = fs.readFileSync('/sys/fs/cgroup/cpu.max', 'utf8').trim().split(' ');
    return limit === 'max' ? Infinity : Number(limit) / Number(period);
  } catch {
    return Infinity;
  }
}

module.exports = { cpuCount };
