'use strict';
// The functions of node:child_process do what those of Node.js do, on this version of Node.js. The table is that of the tests.

const assert = require('node:assert');
const childProcess = require('node:child_process');
const multiproc = require('../..');
const behaviours = require('../child_process/behaviours/index.js');
const { observe } = require('../child_process/observe.js');

async function main() {
  let differences = 0;
  for (const behaviour of behaviours) {
    const expected = await observe(behaviour, childProcess);
    const found = await observe(behaviour, multiproc);
    try {
      assert.deepStrictEqual(found, expected);
    } catch (error) {
      differences++;
      process.stdout.write(`${behaviour.name}: ${error.message}\n`);
    }
  }
  process.stdout.write(differences === 0 ? 'ok\n' : `${differences} of ${behaviours.length} behaviours differ\n`);
}

main();
