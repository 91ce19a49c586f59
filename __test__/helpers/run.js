'use strict';
// Runs a program as a child process with a watchdog, for tests that look at a whole program from outside.
//
// The watchdog kills by process id: the child and, because it was given a session of its own, every process in that
// session; nothing else. A program that does not end is a failed test, so `run` rejects then, with what was printed.

const { spawn } = require('node:child_process');

class WatchdogError extends Error {
  constructor(message, result) {
    super(message);
    this.name = 'WatchdogError';
    Object.assign(this, result);
  }
}

/**
 * @param {string} script path of a JavaScript file
 * @param {string[]} [args]
 * @param {{ timeout?: number, env?: Record<string, string | undefined>, cwd?: string, execArgv?: string[], execPath?: string, input?: string, onSpawn?: (child: import('node:child_process').ChildProcess) => void }} [options]
 *   `timeout` in milliseconds, 60,000 unless told; `env` is added to the environment
 * @returns {Promise<{ stdout: string, stderr: string, code: number | null, signal: string | null }>}
 */
function run(script, args = [], options = {}) {
  const { timeout = 60_000, env, cwd, execArgv = [], execPath = process.execPath, input = '', onSpawn } = options;
  return runProgram(execPath, [...execArgv, script, ...args], { timeout, env, cwd, input, onSpawn });
}

/** As `run`, for any program. */
function runProgram(program, args, { timeout = 60_000, env, cwd, input = '', onSpawn } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const result = { stdout: '', stderr: '', code: null, signal: null };
    let late = false;
    let giveUp;
    const finish = () => {
      clearTimeout(watchdog);
      clearTimeout(giveUp);
      if (!late) return resolve(result);
      const what = [program, ...args].join(' ');
      const printed = `stdout: ${result.stdout}\nstderr: ${result.stderr}`;
      reject(new WatchdogError(`${what} did not end within ${timeout} ms and was killed\n${printed}`, result));
    };
    const watchdog = setTimeout(() => {
      late = true;
      killSession(child.pid);
      // A descendant with a session of its own may still hold the pipes.
      giveUp = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        finish();
      }, 1000);
    }, timeout);
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        result[name] += text;
      });
    }
    child.stdin.on('error', () => {}); // the child may end without reading
    child.stdin.end(input);
    child.on('error', (error) => {
      clearTimeout(watchdog);
      reject(error);
    });
    child.on('close', (code, signal) => {
      result.code = code;
      result.signal = signal;
      finish();
    });
    onSpawn?.(child);
  });
}

function killSession(leader) {
  for (const target of [-leader, leader]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

module.exports = { run, runProgram, WatchdogError };
