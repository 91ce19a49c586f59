'use strict';
// Puts our process handle into a ChildProcess that Node.js is making.
//
// Node.js publishes every new ChildProcess on its diagnostics channel 'child_process' (documented in its page on
// diagnostics_channel), synchronously, from the constructor: after it has made the handle, before it uses it. At that
// moment we exchange the handle. So Node's own functions run unchanged, nothing of Node.js is patched or copied, and a
// process that does not go through this file does not notice.
//
// The handle that the constructor made was never used, and in that state Node.js never frees it, nor the ChildProcess
// that it refers to. `retire` brings it into the state in which closing frees it: see there.

const diagnosticsChannel = require('node:diagnostics_channel');
const { MultiprocError } = require('../errors');
const { NativeProcess } = require('./handle');

const created = diagnosticsChannel.channel('child_process');

/**
 * Calls `start`, in which Node.js makes one ChildProcess, and gives that one a handle of ours.
 * @template {import('node:child_process').ChildProcess} T
 * @param {import('./handle').Extras} extras
 * @param {() => T} start
 * @returns {T}
 */
function withNativeHandle(extras, start) {
  let isAdopted = false;
  const onCreated = ({ process: child }) => {
    // The first only: arguments can have code of the user's behind them, which starts something of its own.
    if (isAdopted) return;
    isAdopted = true;
    adopt(child, extras);
  };
  created.subscribe(onCreated);
  let child;
  try {
    child = start();
  } finally {
    created.unsubscribe(onCreated);
  }
  if (!isAdopted) {
    child?.kill?.('SIGKILL');
    throw new MultiprocError(
      'ERR_MULTIPROC_INTERNAL',
      `Node.js ${process.versions.node} did not announce the process that it made on the channel "child_process"`,
    );
  }
  return child;
}

function adopt(child, extras) {
  const made = child._handle;
  const handle = new NativeProcess(extras, (args) => retire(made, args));
  // What Node.js does when the process has ended, and the owner of the handle.
  handle.onexit = made.onexit;
  made.onexit = undefined;
  for (const symbol of Object.getOwnPropertySymbols(made)) {
    handle[symbol] = made[symbol];
    made[symbol] = undefined;
  }
  child._handle = handle;
}

/**
 * Lets Node.js free its unused handle. It does that when the handle is closed after a start that was tried; so one is
 * tried that fails before anything is started: descriptor -1 cannot be passed on (uv_spawn: UV_EINVAL, 4 µs).
 * The call has the form of Node's own, which differs between versions: its arguments are taken, with the file replaced
 * by one that no system can execute, for the case that a later libuv should get that far.
 *
 * Where Node's permission model forbids child processes this throws ERR_ACCESS_DENIED, as Node.js would.
 * @param {{ spawn(...args: unknown[]): number, close(): void }} made
 * @param {unknown[]} args with which Node.js called `spawn`: one object, or file, args, cwd, envPairs, stdio, …
 */
function retire(made, args) {
  const impossible = { file: '/', args: ['/'], stdio: [{ type: 'fd', fd: -1 }] };
  if (args.length === 1) {
    made.spawn(impossible);
  } else {
    const [, , , , , flags] = args;
    made.spawn(impossible.file, impossible.args, undefined, undefined, impossible.stdio, flags, undefined, undefined);
  }
  made.close();
}

module.exports = { withNativeHandle };
