'use strict';
// Why a process ended, beyond what its exit code and signal say.
//
// | reason | how it is known |
// |---|---|
// | ok, code, signal | the exit code; the signal |
// | start-failed | it never ran |
// | timeout | its option `timeout` ended it: we know, we did |
// | max-rss | it was killed for its resident memory: the native side notes it before it kills |
// | cpu-time | SIGXCPU, when a `cpuTime` was given |
// | heap-oom | it noted, in a word of shared memory, that V8 was about to run out of heap, and was aborted then |
// | kernel-oom | SIGKILL that we did not send, while the count of processes that the kernel killed for memory rose |
//
// The last one is a conclusion: somebody else's SIGKILL at the same time as an unrelated kill in the same control group
// looks the same.

const fs = require('node:fs');
const native = require('../binding');
const runtime = require('../runtime');

/** The signals by which V8 ends a process whose heap is full. */
const ABORTS = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL']);

/** Of any process: what is known without its help. */
class Ending {
  isTimedOut = false;
  isKilledByUs = false;

  /** The reason is known. */
  letGo() {}

  get isHeapFull() {
    return false;
  }

  get hasKernelKilled() {
    return false;
  }

  /**
   * @param {{ exitCode: number | null, signalCode: string | null, isOverMemory?: boolean, hasCpuTime?: boolean }} end
   * @returns {'ok' | 'code' | 'signal' | 'timeout' | 'max-rss' | 'cpu-time' | 'heap-oom' | 'kernel-oom'}
   */
  reason({ exitCode, signalCode, isOverMemory = false, hasCpuTime = false }) {
    if (signalCode === null) return exitCode === 0 ? 'ok' : 'code';
    if (this.isTimedOut) return 'timeout';
    if (isOverMemory) return 'max-rss';
    const isKilled = signalCode === 'SIGKILL' && !this.isKilledByUs;
    if (hasCpuTime && signalCode === 'SIGXCPU') return 'cpu-time';
    if (ABORTS.has(signalCode) && this.isHeapFull) return 'heap-oom';
    if (isKilled && this.hasKernelKilled) return 'kernel-oom';
    return 'signal';
  }
}

/** Of a process that runs our code, which writes the note. */
class ExitRecord extends Ending {
  /** What the child opens: index and generation of a block of shared memory, which it need not have been given. */
  note;
  /** The first word of that is 1 when the process was about to run out of heap. */
  #words;
  #kernelKills;
  #count;

  /** @param {() => number} [count] of processes that the kernel has killed for memory */
  constructor(count = countKernelKills) {
    super();
    runtime.open();
    const [buffer, index, generation] = native.createBuffer(64, undefined);
    this.#words = new Int32Array(buffer);
    this.note = [index, generation];
    this.#count = count;
    this.#kernelKills = count();
  }

  /** The note is shared memory, which is not to wait until nobody has the object of the process any more. */
  letGo() {
    this.#words = undefined;
  }

  get isHeapFull() {
    return this.#words?.[0] === 1;
  }

  get hasKernelKilled() {
    return this.#count() > this.#kernelKills;
  }
}

/** Files that count those kills, of this process's control group if it has one, and else of the whole system. */
let counter;

function countKernelKills() {
  counter ??= findCounter();
  return killsIn(counter);
}

function findCounter() {
  const files = [...groups(readText('/proc/self/cgroup')), '/proc/vmstat'];
  return files.find((file) => !Number.isNaN(killsIn(file)));
}

/** @param {string} text of /proc/self/cgroup @returns {string[]} where control groups of both versions have their count */
function groups(text) {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === '') return [`/sys/fs/cgroup${path}/memory.events`];
    return controllers?.split(',').includes('memory') ? [`/sys/fs/cgroup/memory${path}/memory.oom_control`] : [];
  });
}

function killsIn(file) {
  const match = /^oom_kill (\d+)$/m.exec(readText(file));
  return match === null ? NaN : Number(match[1]);
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The reasons that say more than the signal does. */
const WORDS = {
  timeout: 'ran longer than its timeout and was killed',
  'max-rss': 'exceeded its maxRss and was killed',
  'cpu-time': 'used up its cpuTime and was ended',
  'heap-oom': 'ran out of heap and was aborted',
  'kernel-oom': 'was killed by the kernel for lack of memory',
};

/** For messages, behind the name of the process. */
function howEnded(exitCode, signalCode, exitReason) {
  return WORDS[exitReason] ?? (signalCode === null ? `exited with code ${exitCode}` : `was killed by ${signalCode}`);
}

module.exports = { Ending, ExitRecord, groups, howEnded, WORDS };
