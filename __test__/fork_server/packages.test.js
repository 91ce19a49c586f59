'use strict';
// Which package a name in `preload` means: that of the program, not what multiproc itself would find.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

guard(test);

const ROOT = path.join(__dirname, '..', '..');

/** A project as pnpm or `npm link` makes it: multiproc is a link, and where that leads the other packages are not. */
function project(t, files) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'multiproc'));
  return folder;
}

const BODY = `
(async () => {
  setStartMethod('forkserver', { preload: ['plain', 'dual'] });
  if (!(await forkServer.ready())) return console.log(forkServer.reason);
  const child = new Process(async (isModule) => {
    const { madeBy } = isModule ? await import('dual') : require('dual');
    return [require('plain').madeBy, madeBy];
  }, { args: [IS_MODULE] }).start();
  const made = await child.result;
  console.log(child.startMethod, made.map((pid) => pid === forkServer.pid).join());
  await child.join();
})();`;

const FILES = {
  'node_modules/plain/package.json': '{ "name": "plain", "version": "1.0.0" }',
  'node_modules/plain/index.js': 'exports.madeBy = process.pid;',
  'node_modules/dual/package.json':
    '{ "name": "dual", "version": "1.0.0", "exports": { "import": "./a.mjs", "require": "./b.cjs" } }',
  'node_modules/dual/a.mjs': 'export const madeBy = process.pid;',
  'node_modules/dual/b.cjs': 'exports.madeBy = process.pid;',
  'main.cjs': `const { Process, forkServer, setStartMethod } = require('multiproc');${BODY.replace('IS_MODULE', 'false')}`,
  'main.mjs': `import { Process, forkServer, setStartMethod } from 'multiproc';${BODY.replace('IS_MODULE', 'true')}`,
};

for (const main of ['main.cjs', 'main.mjs']) {
  test(`a name in preload is the package that the calling file gets: ${main}`, async (t) => {
    const { stdout } = await run(path.join(project(t, FILES), main));
    t.is(stdout, 'forkserver true,true\n');
  });
}

test('a package that is not there is refused by the server, and stands in nobody’s way', async (t) => {
  const files = { ...FILES, 'main.cjs': FILES['main.cjs'].replace("'plain', 'dual'", "'absent'") };
  const { stdout } = await run(path.join(project(t, files), 'main.cjs'));
  t.regex(stdout, /^absent could not be preloaded: /);
});
