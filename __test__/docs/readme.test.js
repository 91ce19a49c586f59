'use strict';
// Runs the programs of README.md: every block of JavaScript, compared with the block of text that follows it.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks.js');
const { run } = require('../helpers/run.js');

const ROOT = path.join(__dirname, '../..');
const text = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const programs = [...text.matchAll(/^### (.+)$[\s\S]*?^```js\n([\s\S]*?)^```\n+^```text\n([\s\S]*?)^```$/gm)];

guard(test);

let directory;

test.before('a project that has the package', () => {
  directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-readme-')));
  fs.mkdirSync(path.join(directory, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(directory, 'node_modules', 'multiproc'));
});

test.after.always('remove it', () => {
  if (directory) fs.rmSync(directory, { recursive: true, force: true });
});

test('every program is followed by what it prints', (t) => {
  t.is(programs.length, text.match(/^```js$/gm).length);
  t.true(programs.length >= 5);
});

for (const [, title, program, printed] of programs) {
  test(`README: ${title}`, async (t) => {
    const file = path.join(directory, `${title.replace(/\W+/g, '_')}.mjs`);
    fs.writeFileSync(file, program);
    const { code, stdout, stderr } = await run(file, [], { timeout: 60_000 });
    t.is(stdout, printed, stderr);
    t.is(code, 0, stderr);
  });
}
