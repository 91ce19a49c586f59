'use strict';
// multiproc: what a user imports. index.d.ts is its documentation.

const childProcess = require('node:child_process');
const { exec, execFile } = require('./lib/child_process/exec_file');
const { fork } = require('./lib/child_process/fork');
const { spawn } = require('./lib/child_process/spawn');
const { execFileSync, execSync, spawnSync } = require('./lib/child_process/spawn_sync');
const errors = require('./lib/errors');
const objects = require('./lib/objects');
const { Pool } = require('./lib/pool/pool');
const { cpuCount } = require('./lib/process/cpu_count');
const { currentProcess } = require('./lib/process/current_process');
const { getLogger } = require('./lib/process/logger');
const { parentProcess } = require('./lib/process/parent_process');
const { Process, activeChildren } = require('./lib/process/process');
const role = require('./lib/process/role');
const { daemonize } = require('./lib/process/daemonize');
const { forkServer } = require('./lib/process/fork_server');
const { getStartMethod, setStartMethod } = require('./lib/process/start_method');
const { forwardSignals, stopOnSignals } = require('./lib/process/signals');
const { supervise } = require('./lib/process/supervise');
const { processState } = require('./lib/process/system');
const { connect } = require('./lib/socket/connect');
const { SocketConnection } = require('./lib/socket/connection');
const { Listener } = require('./lib/socket/listener');
const { MessageQueue } = require('./lib/socket/message_queue');
const { NamedPipe } = require('./lib/socket/named_pipe');
const { acquireAll, acquireAllSync } = require('./lib/sync/acquire_all');
const flows = require('./lib/sync/flow');
const { registerError } = require('./lib/codec');
const { setDeadlockPolicy } = require('./lib/runtime');
const { defineTasks } = require('./lib/target');
const { wait } = require('./lib/wait');

module.exports = {
  // Processes
  Process,
  activeChildren,
  cpuCount,
  currentProcess,
  daemonize,
  defineTasks,
  forkServer,
  forwardSignals,
  getLogger,
  getStartMethod,
  get isMainProcess() {
    return role.isMain;
  },
  parentProcess,
  processState,
  setStartMethod,
  stopOnSignals,
  supervise,
  // node:child_process, drop-in
  ChildProcess: childProcess.ChildProcess,
  _forkChild: childProcess._forkChild,
  exec,
  execFile,
  execFileSync,
  execSync,
  fork,
  spawn,
  spawnSync,
  // Shared memory
  SharedArray: objects.SharedArray,
  SharedValue: objects.SharedValue,
  sharedBuffer: objects.sharedBuffer,
  // Synchronisation
  Barrier: objects.Barrier,
  BoundedSemaphore: objects.BoundedSemaphore,
  Condition: objects.Condition,
  Event: objects.Event,
  Latch: objects.Latch,
  Lock: objects.Lock,
  get Monitor() {
    return withFlows(objects.Monitor);
  },
  Once: objects.Once,
  get RLock() {
    return withFlows(objects.RLock);
  },
  RwLock: objects.RwLock,
  Semaphore: objects.Semaphore,
  acquireAll,
  acquireAllSync,
  setDeadlockPolicy,
  // Messages
  Connection: objects.Connection,
  Pipe: objects.Pipe,
  PriorityQueue: objects.PriorityQueue,
  Queue: objects.Queue,
  SimpleQueue: objects.SimpleQueue,
  wait,
  // Unrelated programs
  Listener,
  MessageQueue,
  NamedPipe,
  SocketConnection,
  connect,
  // Pool
  Pool,
  // Errors
  BrokenBarrierError: errors.BrokenBarrierError,
  BufferTooShortError: errors.BufferTooShortError,
  CommandError: errors.CommandError,
  DeadlockError: errors.DeadlockError,
  MultiprocError: errors.MultiprocError,
  ProcessDiedError: errors.ProcessDiedError,
  QueueEmptyError: errors.QueueEmptyError,
  QueueFullError: errors.QueueFullError,
  RemoteError: errors.RemoteError,
  SerializationError: errors.SerializationError,
  WorkerDiedError: errors.WorkerDiedError,
  registerError,
};

/** Of re-entrant locks: reaching for it is early enough to begin to tell asynchronous flows apart. */
function withFlows(exported) {
  flows.watch();
  return exported;
}
