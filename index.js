'use strict';
// multiproc: what a user imports. index.d.ts is its documentation.

const childProcess = require('node:child_process');
const { fork } = require('./lib/child_process/fork');
const { spawn } = require('./lib/child_process/spawn');
const errors = require('./lib/errors');
const { sharedBuffer, SharedArray, SharedValue, Barrier, Lock, Semaphore } = require('./lib/objects');
const { Pool } = require('./lib/pool/pool');
const { cpuCount } = require('./lib/process/cpu_count');
const { Process, activeChildren } = require('./lib/process/process');
const role = require('./lib/process/role');
const { registerError } = require('./lib/codec');
const { setDeadlockPolicy } = require('./lib/runtime');
const { defineTasks } = require('./lib/target');

module.exports = {
  // Processes
  Process,
  activeChildren,
  cpuCount,
  defineTasks,
  get isMainProcess() {
    return role.isMain;
  },
  // node:child_process, drop-in
  ChildProcess: childProcess.ChildProcess,
  exec: childProcess.exec,
  execFile: childProcess.execFile,
  execFileSync: childProcess.execFileSync,
  execSync: childProcess.execSync,
  fork,
  spawn,
  spawnSync: childProcess.spawnSync,
  // Shared memory
  SharedArray,
  SharedValue,
  sharedBuffer,
  // Synchronisation
  Barrier,
  Lock,
  Semaphore,
  setDeadlockPolicy,
  // Pool
  Pool,
  // Errors
  BrokenBarrierError: errors.BrokenBarrierError,
  DeadlockError: errors.DeadlockError,
  MultiprocError: errors.MultiprocError,
  ProcessDiedError: errors.ProcessDiedError,
  RemoteError: errors.RemoteError,
  SerializationError: errors.SerializationError,
  WorkerDiedError: errors.WorkerDiedError,
  registerError,
};
