'use strict';
// Makes a ChildProcess of Node.js around a process handle of ours.
//
// Its methods and streams are Node's (the prototype's `spawn`, `kill`, `send` …); what Node's constructor does is done
// here, because that constructor makes a native handle of its own, and Node.js frees such a handle only after a start
// that reached libuv: each of ours would stay in memory. (To start it with something impossible is no way out: closing
// after that corrupts libuv's list of handles in Node.js 24 and 26, libuv 1.52.1.) A test compares the fields.

const { ChildProcess } = require('node:child_process');
const diagnosticsChannel = require('node:diagnostics_channel');
const { EventEmitter } = require('node:events');
const { setImmediate } = require('node:timers');
const { getSystemErrorName } = require('node:util');
const { NativeProcess } = require('./handle');
const { note } = require('./reasons');

const created = diagnosticsChannel.channel('child_process');

/**
 * @param {import('./handle').Extras} extras
 * @param {() => Array<() => void> | undefined} [onEnd] called before 'exit', or before the 'error' of a start that failed. A
 *   listener would be seen by the program, and one of 'error' would keep errors that nobody handles from being thrown. What it
 *   returns is called, each in a turn of its own, and then the end is told
 * @returns {ChildProcess} not started yet
 */
function createChild(extras, onEnd) {
  /** @type {ChildProcess} */
  const child = Reflect.construct(EventEmitter, [], ChildProcess);
  // 'close' comes with the exit and the end of each stream: Node.js counts them.
  child._closesNeeded = 1;
  child._closesGot = 0;
  child.connected = false;
  child.signalCode = null;
  child.exitCode = null;
  child.killed = false;
  child.spawnfile = null;
  child._handle = new NativeProcess(extras);
  child._handle.onexit = (exitCode, signalName) => ended(child, exitCode, signalName, onEnd);
  if (created.hasSubscribers) created.publish({ process: child });
  return child;
}

/** The process has ended, or (then `exitCode` is a negative errno) could not be started. */
function ended(child, exitCode, signalName, onEnd) {
  if (signalName) child.signalCode = signalName;
  else child.exitCode = exitCode;
  child.stdin?.destroy();
  child._handle.close();
  child._handle = null;
  const steps = onEnd?.();
  if (steps === undefined) return tellEnd(child, exitCode);
  const next = () => {
    const step = steps.shift();
    if (step === undefined) return tellEnd(child, exitCode);
    setImmediate(next);
    step();
  };
  setImmediate(next);
}

function tellEnd(child, exitCode) {
  if (exitCode < 0) {
    const error = startError(child, exitCode);
    note(child, 'notStarted', error);
    child.emit('error', error);
  } else child.emit('exit', child.exitCode, child.signalCode);
  // Streams that nobody reads must end, too. Later, so that a listener of 'exit' can still start to read.
  process.nextTick(drain, child);
  child._closesGot++;
  if (child._closesGot === child._closesNeeded) child.emit('close', child.exitCode, child.signalCode);
}

function startError(child, errno) {
  const { spawnfile, spawnargs } = child;
  const error = systemError(errno, spawnfile ? `spawn ${spawnfile}` : 'spawn');
  if (spawnfile) error.path = spawnfile;
  error.spawnargs = spawnargs.slice(1);
  return error;
}

/** As Node.js tells of a system call that failed. */
function systemError(errno, syscall) {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall });
}

function drain(child) {
  for (const stream of child.stdio ?? []) {
    if (stream?.readable && !isStdioOfAnother(stream)) stream.resume();
  }
}

/** Whether the stream was given to another child, which reads it: Node.js marks it then. */
function isStdioOfAnother(stream) {
  return Object.getOwnPropertySymbols(stream).some(
    (symbol) => symbol.description === 'kIsUsedAsStdio' && stream[symbol],
  );
}

module.exports = { createChild, systemError };
