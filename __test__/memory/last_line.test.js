'use strict';
// The last line of defence: an access outside of the shared memory, or a panic of native code, is an error of this call
// and those that follow, and no crash. What needs no shared memory goes on.

const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

const FIXTURE = path.join(__dirname, '..', 'fixtures', 'memory', 'last_line.js');

guard(test);

for (const [how, code] of [
  ['access', 'ERR_MULTIPROC_DOMAIN'],
  ['panic', 'ERR_MULTIPROC_INTERNAL'],
]) {
  test.serial(`impossible_${how}_in_native_code_is_an_error_of_this_call_and_the_next_ones`, async (t) => {
    const {
      code: exitCode,
      signal,
      stdout,
      stderr,
    } = await run(FIXTURE, [how], { env: { MULTIPROC_DOMAIN: undefined } });
    t.is(signal, null, stderr);
    t.is(exitCode, 0, stderr);
    const result = JSON.parse(stdout);
    t.is(result.first.code, code);
    t.is(result.second.code, 'ERR_MULTIPROC_DOMAIN');
    t.regex(
      result.second.message,
      how === 'panic' ? /a panic on request/ : /has been overwritten \(it leads to offset \d+ of/,
    );
    t.is(result.waited, 'ERR_MULTIPROC_DOMAIN', 'a wait that had begun ends');
    t.is(result.sum, 700, 'memory that is mapped stays');
    t.is(result.closed, null, 'closing is no error');
    t.is(result.signal, 'SIGTERM', 'children can still be started, killed and waited for');
  });
}
