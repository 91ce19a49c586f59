'use strict';
// daemonize(): the program starts itself anew in the background, and ends here.
//
// A running Node.js cannot fork itself and end in the original alone, so what stands before the call runs twice: here, and
// in the daemon, where the call returns. In between is a shell that leads a new session and ends at once (fork twice,
// daemon(7)): the daemon belongs to that session, does not lead it, and so never gets a terminal again by opening one.

const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');
const { checkInteger, invalidType, ownOptions } = require('../arguments');
const { spawnSync } = require('../child_process/spawn_sync');
const { MultiprocError } = require('../errors');
const { inheritableEnvironment, inheritableExecArgv } = require('./exec_argv');
const role = require('./role');

const MARK = 'MULTIPROC_DAEMON';
/** Leads to the shared memory of this process's family, which the daemon is none of. */
const HOLDER = 'MULTIPROC_DOMAIN';
const SHELL = '/bin/sh';
/** The daemon in the background, with its streams where ours are; then its pid. */
const SCRIPT = '"$@" <&3 >&4 2>&5 3<&- 4>&- 5>&- & echo $!';
const OPTIONS = ['cwd', 'env', 'stdout', 'stderr', 'pidFile', 'umask'];

// Taken away at the first look, so that nothing that this process starts inherits it.
const isDaemon = process.env[MARK] === '1';
delete process.env[MARK];

/** Once, so that a second call does not remove the file twice. */
let hasBegun = false;

function daemonize(options) {
  const call = 'daemonize()';
  const given = ownOptions(call, options, OPTIONS);
  const { cwd = '/', env, stdout = '/dev/null', stderr = stdout, pidFile, umask } = given;
  for (const [name, value] of Object.entries({ cwd, stdout, stderr, pidFile })) {
    if (value === undefined) continue;
    if (typeof value !== 'string' || value === '') throw invalidType(call, name, 'a path', value);
  }
  if (env !== undefined && (env === null || typeof env !== 'object')) throw invalidType(call, 'env', 'an object', env);
  if (umask !== undefined) checkInteger(call, 'umask', umask, 0, 0o777);
  refuseElsewhere(call);
  if (isDaemon) return begin({ pidFile, umask });
  const pid = startAnew({ cwd, env, stdout, stderr });
  if (pidFile !== undefined) fs.writeFileSync(pidFile, `${pid}\n`);
  process.exit(0);
}

function refuseElsewhere(call) {
  if (isMainThread && role.isMain && process.argv[1] !== undefined) return;
  throw new MultiprocError(
    'ERR_MULTIPROC_UNSUPPORTED',
    `${call}: only the main thread of a program that is a file can start itself anew`,
  );
}

function begin({ pidFile, umask }) {
  if (umask !== undefined) process.umask(umask);
  if (hasBegun || pidFile === undefined) return;
  hasBegun = true;
  process.once('exit', () => {
    // By now it may be that of a later one.
    if (readText(pidFile) === `${process.pid}\n`) fs.rmSync(pidFile, { force: true });
  });
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @returns {number} the daemon's pid */
function startAnew({ cwd, env, stdout, stderr }) {
  const streams = [];
  try {
    streams.push(fs.openSync('/dev/null', 'r'));
    for (const file of [stdout, stderr]) streams.push(fs.openSync(file, 'a'));
    const program = [process.execPath, ...inheritableExecArgv(), ...process.argv.slice(1)];
    const { error, stdout: told } = spawnSync(SHELL, ['-c', SCRIPT, SHELL, ...program], {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit', ...streams],
      env: { ...inheritableEnvironment(env), [HOLDER]: undefined, [MARK]: '1' },
      encoding: 'utf8',
    });
    if (error !== undefined) throw error;
    return Number.parseInt(told, 10);
  } finally {
    for (const stream of streams) fs.closeSync(stream);
  }
}

module.exports = { daemonize };
