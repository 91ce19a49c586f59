'use strict';
// spawn() does what node:child_process does, on this version of Node.js. The table is that of the tests.

const assert = require('node:assert');
const childProcess = require('node:child_process');
const { spawn } = require('../../lib/child_process/spawn');
const behaviours = require('../child_process/behaviours/index.js');
const { observe } = require('../child_process/observe.js');

async function main() {
  let differences = 0;
  for (const behaviour of behaviours) {
    const expected = await observe(behaviour, childProcess.spawn);
    const found = await observe(behaviour, spawn);
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
