'use strict';
// Programs of a text on multiprocessing, which use `child_process`, run unchanged but for the name of the module: here
// under both names, with the same output. Some of them never end by themselves; they are ended once all is printed.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

guard(test);

const PROGRAMS = path.join(__dirname, '..', 'fixtures', 'document');
const ROOT = path.join(__dirname, '../..');

/** The files of the programs, using the module of that name. */
function projectWith(name) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-document-'));
  fs.mkdirSync(path.join(directory, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(directory, 'node_modules', 'multiproc'));
  for (const file of fs.readdirSync(PROGRAMS)) {
    const text = fs.readFileSync(path.join(PROGRAMS, file), 'utf8');
    fs.writeFileSync(
      path.join(directory, file),
      text.replaceAll("require('node:child_process')", `require('${name}')`),
    );
  }
  return directory;
}

/**
 * What a program prints, its lines in alphabetical order.
 * @param {number} [lines] how many, after which it is told to end; without it, it ends by itself
 */
async function printed(name, program, lines) {
  const directory = projectWith(name);
  try {
    const { stdout, stderr, code, signal } = await run(program, [], {
      cwd: directory,
      env: { PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` },
      onSpawn: (child) => {
        let seen = 0;
        child.stdout.on('data', (text) => {
          const before = seen;
          seen += text.split('\n').length - 1;
          // The whole session: with Node's own child_process the children would stay.
          if (before < lines && seen >= lines) process.kill(-child.pid, 'SIGTERM');
        });
      },
    });
    return { lines: stdout.trimEnd().split('\n').sort(), stderr, code, signal };
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

/** @param {string[]} expected lines that must be among those of both */
async function same(t, program, lines, expected) {
  const [ours, theirs] = await Promise.all([
    printed('multiproc', program, lines),
    printed('child_process', program, lines),
  ]);
  t.deepEqual(ours, theirs);
  for (const line of expected) t.true(ours.lines.includes(line), `${line} in ${ours.lines.join('\n')}`);
}

test.serial('spawn: a listing', (t) => same(t, 'list.js', undefined, ['Child process exited with code 0']));

test.serial('kill: a process is terminated', (t) => same(t, 'terminate.js', undefined, ['Process terminated']));

test.serial('fork: messages both ways', (t) =>
  same(t, 'parent.js', 2, ['Child received: Hello from parent', 'Parent received: Hello from child']),
);

test.serial('exec: output in a callback', (t) => same(t, 'version.js', undefined, [`Stdout: ${process.version}`]));

test.serial('fork: a pool of workers made by hand', (t) =>
  same(
    t,
    'workers.js',
    4,
    [0, 1, 2, 3].map((index) => `Worker ${index} says: I got "Hello from main to worker ${index}"`),
  ),
);
