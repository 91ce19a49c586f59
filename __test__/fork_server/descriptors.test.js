'use strict';
// A program that has no descriptor left: its fork server is none of its troubles.

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');

const PROGRAM = path.join(__dirname, '..', 'fixtures', 'fork_server', 'no_descriptors.cjs');

guard(test, { warmUp });

test.serial('without descriptors while the server starts, and later: an error of that start, or none', async (t) => {
  const script = 'ulimit -n 200; exec "$0" "$1"';
  const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath, PROGRAM], { timeout: 60_000 });
  const [isReady, code, result, method] = JSON.parse(stdout);
  t.true(isReady);
  t.deepEqual([code, result, method], ['string', 'works', 'forkserver']);
});
