'use strict';
// fork: node:child_process's, with the message channel in shared memory. The child program needs no change.

const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { invalidType } = require('../arguments');
const { Channel } = require('../channel/channel');
const { attachIpc } = require('../channel/ipc');
const { forChild } = require('../child/environment');
const { inheritableEnvironment, inheritableExecArgv } = require('../process/exec_argv');
const { checkOrphan, refuseWhileBootstrapping, thisProcess } = require('../process/launch');
const { spawn } = require('./spawn');

const PRELOAD = path.join(__dirname, '..', 'child', 'fork_preload.js');
/** A forked program hears 'disconnect' when its parent dies, and may end by itself; then it is ended. */
const GRACE_MS = 500;

function fork(modulePath, args, options) {
  refuseWhileBootstrapping('fork()');
  const file = programPath(modulePath);
  if (args === undefined || args === null) args = [];
  else if (!Array.isArray(args)) {
    if (typeof args !== 'object') throw invalidType('fork()', 'args', 'an array', args);
    [args, options] = [[], args];
  }
  if (options === undefined || options === null) options = {};
  if (typeof options !== 'object') throw invalidType('fork()', 'options', 'an object', options);
  options = { ...options };
  const serialization = serializationOf(options);
  const execPath = options.execPath ?? process.execPath;
  const execArgv = options.execArgv ?? inheritableExecArgv();
  const detached = options.detached === true;
  const killOnParentExit = options.killOnParentExit ?? !(detached || checkOrphan('fork()', options.orphan) === 'allow');

  const { channel, address } = Channel.create();
  let child;
  try {
    const visibleArgs = [...execArgv, file, ...args];
    child = spawn(execPath, [...execArgv, '--require', PRELOAD, file, ...args], {
      ...options,
      shell: false,
      stdio: withoutIpc(options),
      env: {
        ...inheritableEnvironment(options.env ?? process.env),
        ...forChild({
          address,
          parent: thisProcess(),
          grace: killOnParentExit ? GRACE_MS : undefined,
          serialization,
        }),
      },
      killOnParentExit,
      shareDomain: true,
    });
    child.spawnargs = [child.spawnargs[0], ...visibleArgs];
  } catch (error) {
    channel.discardUndelivered();
    channel.close();
    throw error;
  }
  const ipc = attachIpc(child, channel, { serialization, referenced: true });
  // Before the user's own listeners: 'message' and 'disconnect' come before 'exit'.
  child.prependOnceListener('exit', () => ipc.peerEnded());
  child.prependOnceListener('error', () => child.pid === undefined && ipc.peerEnded());
  return child;
}

function programPath(modulePath) {
  if (modulePath instanceof URL || modulePath?.href !== undefined) return fileURLToPath(modulePath);
  if (typeof modulePath !== 'string') throw invalidType('fork()', 'modulePath', 'a string or a file: URL', modulePath);
  return modulePath;
}

function serializationOf({ serialization = 'json' }) {
  if (serialization === 'json' || serialization === 'advanced') return serialization;
  const error = new TypeError(
    `The property 'options.serialization' must be one of: undefined, 'json', 'advanced'. Received ${String(serialization)}`,
  );
  error.code = 'ERR_INVALID_ARG_VALUE';
  throw error;
}

// Our channel needs no descriptor; a place for one in `stdio` stays empty, so that the others keep their numbers.
function withoutIpc({ stdio, silent }) {
  if (stdio === undefined || stdio === null) return silent ? 'pipe' : 'inherit';
  if (!Array.isArray(stdio)) return stdio;
  if (!stdio.includes('ipc')) {
    const error = new Error("Forked processes must have an IPC channel, missing value 'ipc' in options.stdio");
    error.code = 'ERR_CHILD_PROCESS_IPC_REQUIRED';
    throw error;
  }
  if (stdio.indexOf('ipc') !== stdio.lastIndexOf('ipc')) {
    const error = new Error('Child process can have only one IPC pipe');
    error.code = 'ERR_IPC_ONE_PIPE';
    throw error;
  }
  const kept = stdio.map((entry) => (entry === 'ipc' ? 'ignore' : entry));
  if (stdio.at(-1) === 'ipc') kept.pop();
  return kept;
}

module.exports = { fork };
