'use strict';
// fork: node:child_process's, with the message channel in shared memory. The child program needs no change.
//
// Invalid arguments go to Node's own fork, which throws the error of the version that runs; so does everything under Node's
// permission model, and a program that cannot load our side of the channel.

const childProcess = require('node:child_process');
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { Carrier } = require('../channel/carrier');
const { Channel } = require('../channel/channel');
const { attachIpc } = require('../channel/ipc');
const { CARRIER, forChild } = require('../child/environment');
const { inheritableExecArgv } = require('../process/exec_argv');
const { ExitRecord } = require('../process/exit_reason');
const { forkServer } = require('../process/fork_server');
const { checkOrphan, thisProcess } = require('../process/launch');
const { refuseRepeatedLoad, refuseWhileLoading } = require('../process/loading');
const { checkStartMethod } = require('../process/start_method');
const { VIA, checkExtras, refuseExtras } = require('./extras');
const { environmentOf, loadsAddons, preloaded } = require('./fork_child');
const { closeFd } = require('./native');
const { isText } = require('./normalise');
const { whyNotOurs } = require('./ours');
const { copy, start } = require('./spawn');

/** A forked program hears 'disconnect' when its parent dies, and may end by itself; then it is ended. */
const GRACE_MS = 500;

function fork(modulePath, args = [], options = undefined) {
  refuseWhileLoading('fork()');
  if (args !== null && typeof args === 'object' && !Array.isArray(args)) [args, options] = [[], args];
  const given = { __proto__: null, ...copy(options ?? {}) };
  const file = programPath(modulePath);
  if (isText(file)) {
    const folder = isText(given.cwd) ? given.cwd : '';
    refuseRepeatedLoad('fork()', pathToFileURL(path.resolve(folder, file)).href);
  }
  const stdio = stdioOf(given);
  const isValid =
    file !== null &&
    (args === null || args === undefined || Array.isArray(args)) &&
    isObject(options) &&
    stdio !== null;
  const whyNot = whyNotOurs();
  if (whyNot !== null) refuseExtras('fork()', checkExtras('fork()', given), whyNot);
  // Once more as it came: what it takes as it is after all stands, as with spawn.
  if (whyNot !== null || !isValid || !areTexts(args ?? []) || !areValid(given)) {
    return childProcess.fork(modulePath, args ?? [], options);
  }
  const execPath = given.execPath || process.execPath;
  const execArgv = given.execArgv || inheritableExecArgv();
  const env = environmentOf(given.env);
  if (!loadsAddons({ execPath, execArgv, env })) {
    refuseExtras('fork()', checkExtras('fork()', given), 'of a program that loads no addons');
    return childProcess.fork(modulePath, args ?? [], options);
  }
  return forkValid(file, Array.from(args ?? []), { ...given, execPath, execArgv, env }, stdio);
}

function forkValid(file, args, options, stdio) {
  const { serialization = 'json', execPath, execArgv } = options;
  const startMethod = checkStartMethod('fork()', options.startMethod);
  const detached = options.detached === true;
  const killOnParentExit = options.killOnParentExit ?? !(detached || checkOrphan('fork()', options.orphan) === 'allow');

  const record = new ExitRecord();
  const { channel, address } = Channel.create();
  let carrier;
  let child;
  let ipc;
  try {
    carrier = Carrier.create();
    const descriptors = [...stdio.descriptors];
    descriptors[stdio.channel] = carrier.theirs;
    const visibleArgs = [...execArgv, file, ...args];
    const ending = { parent: thisProcess(), grace: killOnParentExit ? GRACE_MS : undefined };
    const own = forChild({ address, ...ending, serialization, carrier: stdio.channel, note: record.note });
    const isForked = startMethod === 'forkserver' && killOnParentExit && execPath === process.execPath;
    const via = isForked ? wayOf({ file, args, execArgv, env: options.env, descriptors }) : undefined;
    const { flags, env } = preloaded(execArgv, options.env);
    child = start(
      'fork',
      execPath,
      [...flags, file, ...args],
      {
        ...options,
        shell: false,
        stdio: descriptors,
        env: { __proto__: null, ...env, ...own },
        killOnParentExit,
        shareDomain: true,
        ...(via === undefined ? {} : { [VIA]: via }),
      },
      {
        words: [file, ...args],
        record,
        // Before the user's own listeners: 'message' and 'disconnect' come before 'exit'.
        onEnd: () => ipc?.peerEnded(),
      },
    );
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
  const hasPeer = child.pid !== undefined;
  ipc = attachIpc(child, channel, { carrier: carrier.ours, serialization, referenced: true, hasPeer });
  return child;
}

/** By the fork server, if it is ready: it knows of one descriptor beside the standard streams, the channel's. */
function wayOf({ file, args, execArgv, env, descriptors }) {
  if (descriptors.length !== 4 || descriptors[3] === undefined || !isText(file)) return undefined;
  return forkServer.way({
    order: { entry: file, args: args.map(String), isForked: true },
    flags: execArgv,
    env,
    numbered: [CARRIER],
    onForked: () => {},
  });
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

/** What a word stands for, without the channel. */
const WORDS = {
  pipe: ['pipe', 'pipe', 'pipe'],
  overlapped: ['overlapped', 'overlapped', 'overlapped'],
  ignore: ['ignore', 'ignore', 'ignore'],
  inherit: ['inherit', 'inherit', 'inherit'],
  prefix: ['inherit', 'prefix', 'prefix'],
  capture: ['pipe', 'capture', 'capture'],
};

/**
 * As in Node.js, the channel has a place among the child's descriptors. Ours needs it for sockets and servers alone.
 * @returns {{ descriptors: unknown[], channel: number } | null} null when there is not exactly one place for the channel
 */
function stdioOf({ stdio, silent }) {
  if (!Array.isArray(stdio)) {
    const word = typeof stdio === 'string' ? stdio : silent ? 'pipe' : 'inherit';
    return Object.hasOwn(WORDS, word) ? { descriptors: WORDS[word], channel: 3 } : null;
  }
  const channel = stdio.indexOf('ipc');
  return channel < 0 || channel !== stdio.lastIndexOf('ipc') ? null : { descriptors: stdio, channel };
}

module.exports = { fork };
