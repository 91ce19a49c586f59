'use strict';
// Commands of the system: their output, their errors, their limits. The functions are those of node:child_process;
// `result` is a promise of what was printed and how it ended.

const { promisify } = require('node:util');
const { exec, execFile, execFileSync, execSync, spawn } = require('multiproc');

async function main() {
  // A line for the shell, and a callback.
  await new Promise((resolve) => {
    exec('echo one; echo two | tr a-z A-Z', (error, stdout) => {
      console.log(`exec: ${stdout.split('\n').join(' ')}(error: ${error})`);
      resolve();
    });
  });

  // A program with arguments, without a shell, and a promise.
  const { stdout } = await promisify(execFile)('printf', ['%s-', 'a', 'b c']);
  console.log(`execFile: ${stdout}`);

  // The same, with everything that there is to know.
  const { exitCode, all } = await spawn('sh', ['-c', 'echo out; echo err >&2']).result;
  console.log(`spawn: exit code ${exitCode}, ${all.split('\n').sort().join(' ').trim()}`);

  // Blocking: nothing else happens in this thread meanwhile.
  console.log(`execSync: ${execSync('echo $((6 * 7))', { encoding: 'utf8' }).trim()}`);
  console.log(`execFileSync: ${execFileSync('tr', ['a-z', 'A-Z'], { input: 'input', encoding: 'utf8' })}`);

  // What goes wrong is an error that says so.
  const failed = await exec('echo reason >&2; exit 3').result.catch((error) => error);
  console.log(`failed: ${failed.exitCode}, ${failed.stderr.trim()}`);
  const missing = await spawn('no-such-program').result.catch((error) => error);
  console.log(`missing: ${missing.cause.code}`);

  // Limits: on time, on output, and by an AbortSignal.
  const late = await spawn('sleep', ['60'], { timeout: 50 }).result.catch((error) => error);
  console.log(`too late: ${late.timedOut}, ${late.signalCode}`);
  const long = await spawn('yes', { maxBuffer: 1000 }).result.catch((error) => error);
  console.log(`too long: ${long.isMaxBuffer}, ${long.stdout.length} bytes kept`);
  const controller = new AbortController();
  setTimeout(() => controller.abort('no longer needed'), 50);
  const aborted = await spawn('sleep', ['60'], { signal: controller.signal }).result.catch((error) => error);
  console.log(`aborted: ${aborted.isCanceled}, ${aborted.cause.cause}`);

  // What a user types never goes into a line for the shell, which would run it.
  const typed = 'x; echo INJECTED';
  const unsafe = await exec(`echo ${typed}`).result;
  const safe = await execFile('echo', [typed]).result;
  console.log(`by a shell: ${unsafe.stdout.trim().split('\n').join(' / ')}`);
  console.log(`without one: ${safe.stdout.trim()}`);
}

main();
