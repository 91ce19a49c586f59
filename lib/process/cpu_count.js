'use strict';
// How many processors this process may really use.

const fs = require('node:fs');
const { ownOptions, invalidType } = require('../arguments');
const native = require('../binding');

/**
 * Processors of this process's affinity mask, and no more than its control groups' quota (rounded up), at least 1.
 * `physical`: cores instead of the threads that share one.
 */
function cpuCount(options) {
  const { physical = false } = ownOptions('cpuCount()', options, ['physical']);
  if (typeof physical !== 'boolean') throw invalidType('cpuCount()', 'physical', 'a boolean', physical);
  const allowed = physical ? coreCount() : native.processorCount();
  return Math.max(1, Math.min(allowed, Math.ceil(quota())));
}

/** Cores of which this process may use a thread. Those that the system does not tell of count as one each. */
function coreCount() {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readText('/proc/self/status'))?.[1];
  if (list === undefined) return native.processorCount();
  const cores = new Set();
  for (const cpu of numbersOf(list)) {
    const siblings = readText(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`).trim();
    cores.add(siblings === '' ? `cpu${cpu}` : siblings);
  }
  return cores.size;
}

/** @param {string} list as in "0-3,8" */
function numbersOf(list) {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The least quota of this process's control group and those around it, in processors. */
function quota(text = readText('/proc/self/cgroup'), read = readText) {
  let least = Infinity;
  for (const line of text.split('\n')) {
    const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === '') least = Math.min(least, ...above(group).map((folder) => unifiedQuota(folder, read)));
    else if (controllers?.split(',').includes('cpu')) {
      for (const mount of ['cpu', 'cpu,cpuacct', controllers]) {
        least = Math.min(least, ...above(group).map((folder) => oldQuota(`/${mount}${folder}`, read)));
      }
    }
  }
  return least;
}

/** '/a/b' → '/a/b', '/a', ''. */
function above(group) {
  const parts = group.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, count) =>
    `/${parts.slice(0, count).join('/')}`.replace(/\/$/, ''),
  );
}

function unifiedQuota(folder, read) {
  const [limit, period] = read(`/sys/fs/cgroup${folder}/cpu.max`).trim().split(' ').map(Number);
  return limit > 0 && period > 0 ? limit / period : Infinity;
}

function oldQuota(folder, read) {
  const [limit, period] = ['quota', 'period'].map((name) => Number(read(`/sys/fs/cgroup${folder}/cpu.cfs_${name}_us`)));
  return limit > 0 && period > 0 ? limit / period : Infinity;
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

module.exports = { cpuCount, numbersOf, quota };
