'use strict';
// Starts a Node.js process of ours: one that runs a file of lib/child and talks over a channel in shared memory.

const { invalidType } = require('../arguments');
const native = require('../binding');
const { Channel } = require('../channel/channel');
const { forChild } = require('../child/environment');
const { spawn } = require('../child_process/spawn');
const { MultiprocError } = require('../errors');
const { inheritableEnvironment, inheritableExecArgv } = require('./exec_argv');
const role = require('./role');

/**
 * @param {string} call what the user called, for errors
 * @param {string} entry absolute path of the child's program
 * @param {{ env?, execArgv?, cwd?, stdio?, detached?, firstMessage?: unknown }} options
 * @returns {{ child: import('node:child_process').ChildProcess, channel: Channel }}
 */
function launch(call, entry, options) {
  // Without a prototype: a polluted one adds no option.
  const { env, execArgv, cwd, stdio = 'inherit', detached = false, firstMessage } = { __proto__: null, ...options };
  refuseWhileBootstrapping(call);
  checkLaunchOptions(call, { env, execArgv });
  const { channel, address } = Channel.create();
  try {
    // In shared memory before the child exists: it finds the message when it opens the channel. Errors name what cannot
    // travel by its key in the message.
    if (firstMessage !== undefined) channel.sendValue(firstMessage, '', '.');
    const child = spawn(process.execPath, [...inheritableExecArgv(execArgv), entry], {
      cwd,
      stdio,
      detached,
      env: { ...inheritableEnvironment(env), ...forChild({ address, ...(detached ? {} : ownLife(0)) }) },
      killOnParentExit: !detached,
      shareDomain: true,
    });
    return { child, channel };
  } catch (error) {
    channel.discardUndelivered();
    channel.close();
    throw error;
  }
}

/** What a child needs to end with this process, after `grace` milliseconds. */
function ownLife(grace) {
  return { pid: process.pid, startTime: native.processStartTime(process.pid), grace };
}

function checkLaunchOptions(call, { env, execArgv }) {
  if (env !== undefined && (env === null || typeof env !== 'object')) throw invalidType(call, 'env', 'an object', env);
  if (execArgv === undefined) return;
  if (!Array.isArray(execArgv) || execArgv.some((flag) => typeof flag !== 'string')) {
    throw invalidType(call, 'execArgv', 'an array of strings', execArgv);
  }
}

function refuseWhileBootstrapping(call) {
  if (!role.bootstrapping) return;
  throw new MultiprocError(
    'ERR_MULTIPROC_BOOTSTRAP',
    `${call}: a process was started while this one, itself a child, was still loading its function's module; ` +
      'start processes inside `if (isMainProcess) { … }` or inside a function',
  );
}

module.exports = { checkLaunchOptions, launch, ownLife, refuseWhileBootstrapping };
