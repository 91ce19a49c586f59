'use strict';
// Starts a Node.js process of ours: one that runs a file of lib/child and talks over a channel in shared memory.

const fs = require('node:fs');
const { checkInteger, invalidType, invalidValue } = require('../arguments');
const native = require('../binding');
const { Channel } = require('../channel/channel');
const { forChild } = require('../child/environment');
const { checkLimits, checkReap } = require('../child_process/extras');
const { spawn } = require('../child_process/spawn');
const { MultiprocError } = require('../errors');
const { inheritableEnvironment, inheritableExecArgv } = require('./exec_argv');
const { ExitRecord } = require('./exit_reason');
const role = require('./role');

/**
 * @param {string} call what the user called, for errors
 * @param {string} entry absolute path of the child's program
 * @param {object} options env, execArgv, cwd, stdio, detached, orphan, reap, inspect, maxHeapMb and the limits of
 *   child_process/extras.js as the user gave them; `firstMessage`: what the child finds in its channel
 * @returns {{ child: import('node:child_process').ChildProcess, channel: Channel, record: ExitRecord }}
 */
function launch(call, entry, options) {
  // Without a prototype: a polluted one adds no option.
  const {
    env,
    execArgv,
    cwd,
    stdio = 'inherit',
    detached = false,
    orphan = detached ? 'allow' : 'end',
    reap,
    inspect,
    maxHeapMb,
    firstMessage,
    ...rest
  } = { __proto__: null, ...options };
  refuseWhileBootstrapping(call);
  checkLaunchOptions(call, options);
  const limits = checkLimits(call, rest);
  const record = new ExitRecord();
  const { channel, address } = Channel.create();
  try {
    // In shared memory before the child exists: it finds the message when it opens the channel. Errors name what cannot
    // travel by its key in the message.
    channel.sendValue({ ...firstMessage, note: record.note }, '', '.');
    const dies = orphan !== 'allow';
    const child = spawn(process.execPath, [...flags(execArgv, maxHeapMb, inspect), entry], {
      ...limits,
      cwd,
      stdio: withoutClosed(stdio),
      detached,
      ...(reap === undefined ? {} : { reap }),
      env: {
        ...inheritableEnvironment(env),
        ...forChild({ address, parent: thisProcess(), grace: dies ? 0 : undefined }),
      },
      killOnParentExit: dies,
      shareDomain: true,
      closeOthers: true,
    });
    return { child, channel, record };
  } catch (error) {
    channel.discardUndelivered();
    channel.close();
    throw error;
  }
}

/** A standard stream that this process has closed is no reason not to start: the child gets /dev/null. */
function withoutClosed(stdio) {
  const list = stdio === 'inherit' ? ['inherit', 'inherit', 'inherit'] : stdio;
  if (!Array.isArray(list)) return stdio;
  return list.map((entry, number) => (entry === 'inherit' && number < 3 && !isOpen(number) ? 'ignore' : entry));
}

function isOpen(descriptor) {
  try {
    fs.fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

/** Who a child's parent is. */
function thisProcess() {
  return { pid: process.pid, startTime: native.processStartTime(process.pid), name: role.name };
}

function flags(execArgv, maxHeapMb, inspect) {
  const given = inheritableExecArgv(execArgv);
  if (maxHeapMb !== undefined) given.push(`--max-old-space-size=${maxHeapMb}`);
  // Port 0: the system gives a free one, so that no two debuggers meet.
  if (inspect !== undefined) given.push(`--inspect=${inspect === 'auto' ? '127.0.0.1:0' : inspect}`);
  return given;
}

function checkLaunchOptions(call, { env, execArgv, orphan, reap, maxHeapMb, inspect }) {
  if (env !== undefined && (env === null || typeof env !== 'object')) throw invalidType(call, 'env', 'an object', env);
  checkOrphan(call, orphan);
  checkReap(call, reap);
  if (maxHeapMb !== undefined) checkInteger(call, 'maxHeapMb', maxHeapMb, 8, 2 ** 20);
  if (inspect !== undefined && inspect !== 'auto') checkInteger(call, 'inspect', inspect, 0, 65_535);
  if (execArgv === undefined) return;
  if (!Array.isArray(execArgv) || execArgv.some((flag) => typeof flag !== 'string')) {
    throw invalidType(call, 'execArgv', 'an array of strings', execArgv);
  }
}

/** @returns {'end' | 'allow' | undefined} what becomes of the child when this process ends */
function checkOrphan(call, orphan) {
  if (orphan === undefined || orphan === 'end' || orphan === 'allow') return orphan;
  throw invalidValue(call, 'orphan', "'end' or 'allow'", orphan);
}

function refuseWhileBootstrapping(call) {
  if (!role.bootstrapping) return;
  throw new MultiprocError(
    'ERR_MULTIPROC_BOOTSTRAP',
    `${call}: a process was started while this one, itself a child, was still loading its function's module; ` +
      'start processes inside `if (isMainProcess) { … }` or inside a function',
  );
}

module.exports = { checkLaunchOptions, checkOrphan, launch, refuseWhileBootstrapping, thisProcess };
