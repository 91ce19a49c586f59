'use strict';
// What the operating system says of a process: of any, by its pid.

const { checkInteger } = require('../arguments');
const native = require('../binding');

/** The letters of proc(5), in words. */
const STATES = {
  R: 'running',
  S: 'sleeping',
  I: 'sleeping',
  D: 'disk',
  T: 'stopped',
  t: 'stopped',
  Z: 'zombie',
  X: 'dead',
  x: 'dead',
};

const PID_MAX = 2 ** 22;

function processState(pid) {
  checkInteger('processState()', 'pid', pid, 1, PID_MAX);
  return stateOf(pid);
}

function stateOf(pid) {
  const status = native.processStatus(pid);
  if (status === null) {
    return { pid, state: 'dead', name: null, ppid: null, rss: null, cpu: null, threads: null, startTime: null };
  }
  const { letter, name, parent, rss, user, system, threads, startedAt } = status;
  const cpu = { user, system };
  return {
    pid,
    state: STATES[letter] ?? 'sleeping',
    name,
    ppid: parent,
    rss,
    cpu,
    threads,
    startTime: startedAt ?? null,
  };
}

/** What a process uses; null when it has ended. */
function usageOf(pid) {
  const { state, rss, cpu, threads } = stateOf(pid);
  return state === 'dead' || state === 'zombie' ? null : { rss, cpu, threads };
}

module.exports = { processState, stateOf, usageOf };
