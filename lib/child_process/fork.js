'use strict';
// fork: node:child_process's, with the message channel in shared memory. The child program needs no change.
//
// Invalid arguments go to Node's own fork, which throws the error of the version that runs; everything does under Node's
// permission model.

const childProcess = require('node:child_process');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { Channel } = require('../channel/channel');
const { attachIpc } = require('../channel/ipc');
const { forChild } = require('../child/environment');
const { inheritableEnvironment, inheritableExecArgv } = require('../process/exec_argv');
const { ownLife, refuseWhileBootstrapping } = require('../process/launch');
const { isText } = require('./normalise');
const { copy, ownExtras, refuseExtrasUnderPermission, start } = require('./spawn');

const PRELOAD = path.join(__dirname, '..', 'child', 'fork_preload.js');
/** A forked program hears 'disconnect' when its parent dies, and may end by itself; then it is ended. */
const GRACE_MS = 500;

function fork(modulePath, args = [], options = undefined) {
  refuseWhileBootstrapping('fork()');
  if (args !== null && typeof args === 'object' && !Array.isArray(args)) [args, options] = [[], args];
  const given = { __proto__: null, ...copy(options ?? {}) };
  const file = programPath(modulePath);
  const stdio = stdioOf(given);
  const isValid =
    file !== null &&
    (args === null || args === undefined || Array.isArray(args)) &&
    isObject(options) &&
    stdio !== null;
  const isOurs = process.permission === undefined;
  if (!isOurs) refuseExtrasUnderPermission('fork', ownExtras('fork', given));
  // Once more as it came: what it takes as it is after all stands, as with spawn.
  if (!isOurs || !isValid || !areTexts(args ?? []) || !areValid(given)) {
    return childProcess.fork(modulePath, args ?? [], options);
  }
  return forkValid(file, Array.from(args ?? []), given, stdio);
}

function forkValid(file, args, options, stdio) {
  const { serialization = 'json' } = options;
  const execPath = options.execPath || process.execPath;
  const execArgv = options.execArgv || inheritableExecArgv();
  const detached = options.detached === true;
  const killOnParentExit = options.killOnParentExit ?? !detached;

  const { channel, address } = Channel.create();
  let child;
  let ipc;
  try {
    const visibleArgs = [...execArgv, file, ...args];
    child = start(
      'fork',
      execPath,
      [...execArgv, '--require', PRELOAD, file, ...args],
      {
        ...options,
        shell: false,
        stdio: stdio.descriptors,
        env: {
          ...inheritableEnvironment(options.env || process.env),
          ...forChild({ address, serialization, ...(killOnParentExit ? ownLife(GRACE_MS) : {}) }),
        },
        killOnParentExit,
        shareDomain: true,
      },
      {
        words: [file, ...args],
        // Before the user's own listeners: 'message' and 'disconnect' come before 'exit'.
        onEnd: () => ipc?.peerEnded(),
      },
    );
    child.spawnargs = [child.spawnargs[0], ...visibleArgs];
    while (child.stdio.length <= stdio.channel) child.stdio.push(null);
  } catch (error) {
    channel.discardUndelivered();
    channel.close();
    throw error;
  }
  ipc = attachIpc(child, channel, { serialization, referenced: true });
  return child;
}

function isObject(options) {
  return options === null || options === undefined || (typeof options === 'object' && !Array.isArray(options));
}

/** @returns {string | Buffer | null} null for what names no file */
function programPath(modulePath) {
  if (isText(modulePath) || Buffer.isBuffer(modulePath)) return modulePath;
  try {
    return typeof modulePath?.href === 'string' ? fileURLToPath(modulePath) : null;
  } catch {
    return null;
  }
}

/** Whether those that are strings have no NUL; others become strings later. */
function areTexts(args) {
  return args.every((argument) => typeof argument !== 'string' || isText(argument));
}

function areValid({ execPath, execArgv, serialization }) {
  if (execPath && !isText(execPath)) return false;
  if (execArgv && !(Array.isArray(execArgv) && areTexts(execArgv))) return false;
  return serialization === undefined || serialization === 'json' || serialization === 'advanced';
}

/**
 * Our channel needs no descriptor; a place for one in `stdio` stays empty, so that the others keep their numbers.
 * @returns {{ descriptors: unknown, channel: number } | null} null when there is not exactly one place for the channel
 */
function stdioOf({ stdio, silent }) {
  if (typeof stdio === 'string') return { descriptors: stdio, channel: 3 };
  if (!Array.isArray(stdio)) return { descriptors: silent ? 'pipe' : 'inherit', channel: 3 };
  const channel = stdio.indexOf('ipc');
  if (channel < 0 || channel !== stdio.lastIndexOf('ipc')) return null;
  const descriptors = stdio.map((entry) => (entry === 'ipc' ? 'ignore' : entry));
  if (channel === stdio.length - 1) descriptors.pop();
  return { descriptors, channel };
}

module.exports = { fork };
