'use strict';
// What the collector takes goes back to the domain, is handed out again zeroed, and a full domain says so.

const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run, runProgram } = require('../helpers/run');

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'memory', name);

guard(test);

test.serial('dropped objects give their memory back, and recycled memory is zeroed', async (t) => {
  const { stdout, stderr, code } = await run(fixture('gc.js'), [], {
    execArgv: ['--expose-gc'],
    env: { MULTIPROC_DOMAIN: undefined },
  });
  t.is(code, 0, stderr);
  const { before, peak, after, sizes, kept, released } = JSON.parse(stdout);
  t.true(peak > before + 500 * 1800, `${peak} bytes with 500 objects of each kind, ${before} before`);
  t.is(after, before);
  for (const { bytes, before: empty, peak: full, after: again, dirty } of sizes) {
    t.true(full >= empty + 8 * bytes, `${bytes} bytes`);
    t.is(empty, before);
    t.is(again, before, `buffers of ${bytes} bytes came back`);
    t.false(dirty, `recycled buffers of ${bytes} bytes are zeroed`);
  }
  t.true(kept, 'a view keeps its buffer');
  t.true(released);
});

test.serial('a full domain: an error with sizes, and room comes back', async (t) => {
  // ulimit counts in blocks of 1024 bytes: 128 MiB.
  const program = `ulimit -f 131072; exec "$0" --expose-gc "$1"`;
  const { stdout, stderr, code } = await runProgram('bash', ['-c', program, process.execPath, fixture('limited.js')], {
    env: { MULTIPROC_DOMAIN: undefined },
  });
  t.is(code, 0, stderr);
  const { byteLength, liveBytes, count, small, again, error } = JSON.parse(stdout);
  t.is(byteLength, 128 << 20);
  t.true(count > 90, `${count} MiB of 128 were handed out`);
  t.is(error.name, 'MultiprocError');
  t.is(error.code, 'ERR_MULTIPROC_SHM_SPACE');
  for (const size of [1 << 20, byteLength, liveBytes]) t.regex(error.message, new RegExp(`\\b${size} bytes`));
  t.is(small, 10, 'small objects have room of their own');
  t.true(again, 'what was dropped can be used again');
});
