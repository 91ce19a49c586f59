'use strict';
// Runs the programs of README.md and docs/*.md: every ```js block that loads 'multiproc'. One that a ```text block
// follows must print exactly that. They run as they are printed, from a project that has the package.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { guard } = require('./helpers/leaks.js');
const { run } = require('./helpers/run.js');

const ROOT = path.join(__dirname, '..');
const PAGES = [
  'README.md',
  ...fs
    .readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const BLOCK = /^```js\n([\s\S]*?)^```$(?:\n+^```text\n([\s\S]*?)^```$)?/gm;
const LOADS = /require\('multiproc'\)|from 'multiproc'/;

/** @returns {Array<{ page: string, line: number, program: string, printed: string | undefined }>} */
function programsOf(page) {
  const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
  return [...text.matchAll(BLOCK)]
    .map(({ index, 1: program, 2: printed }) => ({ page, line: lineAt(text, index), program, printed }))
    .filter(({ program }) => LOADS.test(program));
}

function lineAt(text, index) {
  return text.slice(0, index).split('\n').length;
}

const programs = PAGES.flatMap(programsOf);
let directory;

guard(test);

test.before('a project that has the package', () => {
  directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-pages-')));
  fs.mkdirSync(path.join(directory, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(directory, 'node_modules', 'multiproc'));
});

test.after.always('remove it', () => {
  if (directory) fs.rmSync(directory, { recursive: true, force: true });
});

test('README.md and the pages have programs, and README.md tells what each prints', (t) => {
  const ofReadme = programs.filter(({ page }) => page === 'README.md');
  t.true(ofReadme.length >= 5);
  t.true(programs.length - ofReadme.length >= 10);
  t.deepEqual(
    ofReadme.filter(({ printed }) => printed === undefined).map(({ line }) => line),
    [],
  );
});

for (const { page, line, program, printed } of programs) {
  test.serial(`${page}, line ${line}`, async (t) => {
    const extension = /^import /m.test(program) ? 'mjs' : 'cjs';
    const file = path.join(directory, `${page.replace(/\W+/g, '_')}_${line}.${extension}`);
    fs.writeFileSync(file, program);
    const { code, stdout, stderr } = await run(file);
    t.is(code, 0, stderr);
    if (printed === undefined) t.not(stdout, '');
    else t.is(stdout, printed, stderr);
  });
}

test('every link between the pages leads to a file', (t) => {
  for (const page of PAGES) {
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      t.true(fs.existsSync(path.join(ROOT, path.dirname(page), target)), `${page}: ${target}`);
    }
  }
});
