'use strict';
// Starts a Node.js process of ours: one that runs a file of lib/child and talks over a channel in shared memory.

const fs = require('node:fs');
const { checkArray, checkInteger, invalidType, invalidValue } = require('../arguments');
const native = require('../binding');
const { Channel } = require('../channel/channel');
const { forChild } = require('../child/environment');
const { VIA, checkLimits, checkReap } = require('../child_process/extras');
const { refuseUnderPermission } = require('../child_process/ours');
const { start } = require('../child_process/spawn');
const { inheritableEnvironment, inheritableExecArgv } = require('./exec_argv');
const { ExitRecord } = require('./exit_reason');
const { forkServer } = require('./fork_server');
const { moduleOf, refuseRepeatedLoad, refuseWhileLoading } = require('./loading');
const role = require('./role');
const { checkStartMethod, getStartMethod } = require('./start_method');

/** What a daemon has, from SIGTERM on, when its parent has ended; others end at once. A whole family ends within a second. */
const DAEMON_GRACE_MS = 500;

/**
 * @param {string} call what the user called, for errors
 * @param {string} entry absolute path of the child's program
 * @param {object} options env, execArgv, cwd, stdio, detached, orphan, reap, inspect, maxHeapMb and the limits of
 *   child_process/extras.js as the user gave them; `firstMessage`, `laterMessages`: what the child finds in its channel
 *   (`daemon` in it: the child may clean up when this process ends)
 * @returns {{ child: import('node:child_process').ChildProcess, channel: Channel, record: ExitRecord, startMethod: 'spawn' | 'forkserver' }}
 *   `startMethod`: how it was started, whatever was asked for
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
    startMethod = getStartMethod(),
    firstMessage,
    laterMessages = [],
    ...rest
  } = { __proto__: null, ...options };
  refuseWhileLoading(call);
  for (const description of [firstMessage.class, firstMessage.target]) refuseRepeatedLoad(call, moduleOf(description));
  checkLaunchOptions(call, options);
  const limits = checkLimits(call, rest);
  refuseUnderPermission(`${call}: a process of multiproc`);
  const record = new ExitRecord();
  const { channel, address } = Channel.create();
  try {
    // In shared memory before the child exists: it finds the message when it opens the channel. Errors name what cannot
    // travel by its key in the message.
    channel.sendValue({ ...firstMessage, note: record.note }, '', '.');
    for (const message of laterMessages) channel.sendValue(message, 'target');
    const dies = orphan !== 'allow';
    const isDaemon = firstMessage.daemon === true;
    const ending = dies ? { grace: isDaemon ? DAEMON_GRACE_MS : 0, terminates: isDaemon } : {};
    const nodeFlags = flags(execArgv, maxHeapMb, inspect);
    const childEnv = { ...inheritableEnvironment(env), ...forChild({ address, parent: thisProcess(), ...ending }) };
    let startedBy = 'spawn';
    const onForked = () => {
      startedBy = 'forkserver';
    };
    // One that outlives its parent is known by what it was started with, which a fork does not change.
    const via =
      startMethod === 'forkserver' && dies
        ? forkServer.way({ order: { entry }, flags: nodeFlags, env: childEnv, onForked })
        : undefined;
    const spawnOptions = {
      ...limits,
      cwd,
      stdio: withoutClosed(stdio),
      detached,
      ...(reap === undefined ? {} : { reap }),
      env: childEnv,
      killOnParentExit: dies,
      shareDomain: true,
      closeOthers: true,
      ...(via === undefined ? {} : { [VIA]: via }),
    };
    const child = start('spawn', process.execPath, [...nodeFlags, entry], spawnOptions, { label: firstMessage.name });
    return { child, channel, record, startMethod: startedBy };
  } catch (error) {
    channel.discardUndelivered();
    channel.close();
    // The system does not say of what.
    if (error.code === 'EINVAL' && limits.cpus !== undefined)
      error.message = `${call}: ${error.message}; "cpus" was ${limits.cpus.join()}, of which none is a processor that this process may use`;
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

let ownStartTime;

/** Who a child's parent is. */
function thisProcess() {
  ownStartTime ??= native.processStartTime(process.pid);
  return { pid: process.pid, startTime: ownStartTime, name: role.name };
}

function flags(execArgv, maxHeapMb, inspect) {
  const given = inheritableExecArgv(execArgv);
  if (maxHeapMb !== undefined) given.push(`--max-old-space-size=${maxHeapMb}`);
  // Port 0: the system gives a free one, so that no two debuggers meet.
  if (inspect !== undefined) given.push(`--inspect=${inspect === 'auto' ? '127.0.0.1:0' : inspect}`);
  return given;
}

function checkLaunchOptions(call, { env, execArgv, stdio, orphan, reap, maxHeapMb, inspect, startMethod }) {
  checkStartMethod(call, startMethod);
  if (env !== undefined && (env === null || typeof env !== 'object')) throw invalidType(call, 'env', 'an object', env);
  checkOrphan(call, orphan);
  checkReap(call, reap);
  if (maxHeapMb !== undefined) checkInteger(call, 'maxHeapMb', maxHeapMb, 8, 2 ** 20);
  if (inspect !== undefined && inspect !== 'auto') checkInteger(call, 'inspect', inspect, 0, 65_535);
  checkStdio(call, stdio);
  if (execArgv === undefined) return;
  checkArray(call, 'execArgv', execArgv, 'an array of strings', (flag) => typeof flag === 'string', 'a string');
  const bad = execArgv.findIndex((flag) => flag.includes('\0'));
  if (bad >= 0) throw invalidValue(call, `execArgv[${bad}]`, 'a string without NUL', execArgv[bad]);
}

const STREAM_WORDS = ['pipe', 'overlapped', 'ignore', 'inherit', 'prefix', 'capture'];

/** As child_process takes it. Node's own messages about a list do not say where in it. */
function checkStdio(call, stdio) {
  if (stdio === undefined || stdio === null) return;
  const words = STREAM_WORDS.map((word) => `'${word}'`).join(', ');
  if (typeof stdio === 'string') {
    if (!STREAM_WORDS.includes(stdio)) throw invalidValue(call, 'stdio', `${words} or an array`, stdio);
    return;
  }
  if (!Array.isArray(stdio)) throw invalidType(call, 'stdio', `${words} or an array`, stdio);
  for (let index = 0; index < stdio.length; index += 1) {
    if (isStdioEntry(stdio[index])) continue;
    const one = `${words}, 'ipc', a descriptor or a stream that has one`;
    throw invalidValue(call, `stdio[${index}]`, one, stdio[index]);
  }
}

function isStdioEntry(entry) {
  if (entry === undefined || entry === null) return true;
  if (typeof entry === 'string') return entry === 'ipc' || STREAM_WORDS.includes(entry);
  if (typeof entry === 'number') return Number.isInteger(entry) && entry >= 0;
  if (typeof entry !== 'object') return false;
  // Whether the stream is open is looked at when the process is started.
  return ['fd', 'handle', '_handle'].some((name) => name in entry);
}

/** @returns {'end' | 'allow' | undefined} what becomes of the child when this process ends */
function checkOrphan(call, orphan) {
  if (orphan === undefined || orphan === 'end' || orphan === 'allow') return orphan;
  throw invalidValue(call, 'orphan', "'end' or 'allow'", orphan);
}

module.exports = { checkLaunchOptions, checkOrphan, launch, thisProcess };
