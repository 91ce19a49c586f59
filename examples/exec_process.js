'use strict';
// What fork(2), execve(2), pipe(2), dup2(2) and the close-on-exec flag are for, by spawn(): which program, with which
// name, environment and descriptors; and two commands joined by a pipe.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('multiproc');

async function programs() {
  // execv: a path. execvp: a name, looked for in PATH. execve: an environment of its own.
  const byPath = await spawn('/bin/sh', ['-c', 'echo by path']).result;
  const byName = await spawn('echo', ['by name']).result;
  const own = await spawn('sh', ['-c', 'echo "$GREETING"'], { env: { GREETING: 'hello', PATH: process.env.PATH } })
    .result;
  console.log(`${byPath.stdout.trim()}, ${byName.stdout.trim()}, ${own.stdout.trim()}`);

  // argv[0] is whatever the parent says.
  const named = await spawn('sh', ['-c', 'tr "\\0" " " < /proc/$$/cmdline'], { argv0: 'my-shell' }).result;
  console.log(`argv[0]: ${named.stdout.split(' ')[0]}`);

  // exec fails in the child; the parent gets the reason.
  for (const file of ['no-such-program', '/etc']) {
    const error = await spawn(file).result.catch(({ cause }) => cause);
    console.log(`${file}: ${error.code}`);
  }
}

async function descriptors() {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'exec-')), 'file');
  fs.writeFileSync(file, 'read through descriptor 3');
  const opened = fs.openSync(file);
  const list = [
    '-c',
    'for n in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && printf "$n "; done; test -e /proc/$$/fd/3 && cat <&3',
  ];

  // Nothing is inherited that was not listed, with or without the flag FD_CLOEXEC.
  const none = await spawn('sh', list).result.catch((error) => error);
  console.log(`inherited without being listed: ${none.stdout || 'nothing'}`);
  // The index in the list is the number in the child: dup2(opened, 3).
  const three = await spawn('sh', list, { stdio: ['ignore', 'pipe', 'inherit', opened] }).result;
  console.log(`listed: ${three.stdout}`);
  fs.closeSync(opened);
  fs.rmSync(path.dirname(file), { recursive: true });
}

/** printf … | sort -n: the first one writes straight into the second one's standard input. */
async function pipeline() {
  const sort = spawn('sort', ['-n'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const sorted = sort.result;
  const print = spawn('printf', ['%s\\n', '10', '9', '8'], { stdio: ['ignore', sort.stdin, 'inherit'] });
  // The parent's copy of the writing end is closed, or sort would wait for it to end for ever.
  sort.stdin.destroy();
  await print.result;
  console.log(`printf | sort: ${(await sorted).stdout.trim().split('\n').join(' ')}`);
}

programs().then(descriptors).then(pipeline);
