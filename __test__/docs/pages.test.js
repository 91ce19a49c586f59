'use strict';
// Runs the programs of docs/*.md: every block of JavaScript, compared with the block of text that follows it.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks.js');
const { run } = require('../helpers/run.js');

const ROOT = path.join(__dirname, '../..');
const DOCS = path.join(ROOT, 'docs');

guard(test);

let directory;

test.before('a project that has the package', () => {
  directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-docs-')));
  fs.mkdirSync(path.join(directory, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(directory, 'node_modules', 'multiproc'));
});

test.after.always('remove it', () => {
  if (directory) fs.rmSync(directory, { recursive: true, force: true });
});

for (const page of fs.readdirSync(DOCS).filter((name) => name.endsWith('.md'))) {
  const text = fs.readFileSync(path.join(DOCS, page), 'utf8');
  const programs = [...text.matchAll(/^```js\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```$)?/gm)];
  for (const [index, [, program, printed]] of programs.entries()) {
    test.serial(`docs/${page}: program ${index + 1} of ${programs.length}`, async (t) => {
      const file = path.join(directory, `${page}_${index}.js`);
      fs.writeFileSync(file, program);
      const { code, stdout, stderr } = await run(file, [], { timeout: 60_000 });
      t.is(code, 0, stderr);
      t.is(stdout, printed ?? '', stderr);
    });
  }
}
