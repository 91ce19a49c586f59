'use strict';
// A script that starts processes of its own module is told apart from its functions, on every version of Node.js: the mark
// goes through require(), import() and awaits.

const assert = require('node:assert/strict');
const path = require('node:path');
const { run } = require('../helpers/run');

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'process', name);

async function main() {
  for (const name of ['unguarded_later.cjs', 'unguarded_later.mjs']) {
    const { stdout } = await run(fixture(name), [], { env: { KIND: 'Process' } });
    assert.equal(stdout, '0\n1\nERR_MULTIPROC_BOOTSTRAP\n', name);
  }
  const { stdout, stderr } = await run(fixture('guarded_later.cjs'));
  assert.equal(stderr, '');
  assert.deepEqual(JSON.parse(stdout).descend, Array(4).fill('ready'));
  console.log('ok');
}

main();
