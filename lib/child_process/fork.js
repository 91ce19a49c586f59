'use strict';
// fork: node:child_process's, with the message channel in shared memory. The child program needs no change.

const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { inspect } = require('node:util');
const { invalidType } = require('../arguments');
const { Carrier } = require('../channel/carrier');
const { Channel } = require('../channel/channel');
const { attachIpc } = require('../channel/ipc');
const { forChild } = require('../child/environment');
const { closeFd } = require('./native');
const { inheritableEnvironment, inheritableExecArgv } = require('../process/exec_argv');
const { ownLife, refuseWhileBootstrapping } = require('../process/launch');
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
  const killOnParentExit = options.killOnParentExit ?? !detached;

  const { stdio, place } = withPlace(options);
  const { channel, address } = Channel.create();
  let carrier;
  let child;
  try {
    carrier = Carrier.create();
    stdio[place] = carrier.theirs;
    const visibleArgs = [...execArgv, file, ...args];
    child = spawn(execPath, [...execArgv, '--require', PRELOAD, file, ...args], {
      ...options,
      shell: false,
      stdio,
      env: {
        ...inheritableEnvironment(options.env ?? process.env),
        ...forChild({ address, serialization, carrier: place, ...(killOnParentExit ? ownLife(GRACE_MS) : {}) }),
      },
      killOnParentExit,
      shareDomain: true,
    });
    child.spawnargs = [child.spawnargs[0], ...visibleArgs];
  } catch (error) {
    carrier?.ours.close();
    channel.discardUndelivered();
    channel.close();
    throw error;
  } finally {
    // The child has its own, if there is a child.
    if (carrier !== undefined) closeFd(carrier.theirs);
  }
  const ipc = attachIpc(child, channel, { carrier: carrier.ours, serialization, referenced: true });
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

/**
 * As in Node.js, the channel has a place among the child's descriptors. Ours needs it for sockets and servers alone.
 *
 * @returns {{ stdio: unknown[], place: number }}
 */
function withPlace({ stdio, silent }) {
  if (stdio === undefined || stdio === null) stdio = silent ? 'pipe' : 'inherit';
  if (typeof stdio === 'string') {
    const isWord = ['pipe', 'overlapped', 'ignore', 'inherit'].includes(stdio);
    if (isWord) return { stdio: [stdio, stdio, stdio], place: 3 };
  }
  if (!Array.isArray(stdio)) {
    const error = new TypeError(`The argument 'stdio' is invalid. Received ${inspect(stdio)}`);
    error.code = 'ERR_INVALID_ARG_VALUE';
    throw error;
  }
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
  return { stdio: [...stdio], place: stdio.indexOf('ipc') };
}

module.exports = { fork };
