'use strict';

const path = require('node:path');
const test = require('ava');
const { countTests, failuresIn, STEPS } = require('../../scripts/check.js');
const { runScript } = require('../../scripts/nodes.js');
const { run } = require('../helpers/run.js');

const pattern = (name) => STEPS.find((step) => step.name === name).count;

test('tests are counted in the output of every runner', (t) => {
  const cargo = 'test result: ok. 12 passed; 0 failed; 1 ignored\n\ntest result: ok. 3 passed; 0 failed;\n';
  t.is(countTests(cargo, pattern('test:rust')), 15);
  t.is(countTests('  ✔ one\n  ─\n\n  \u001b[32m7 tests passed\u001b[39m\n', pattern('test:js')), 7);
  t.is(countTests('\n  1 test passed\n', pattern('test:js')), 1);
  t.is(countTests('4 passed, 0 failed\n', pattern('test:nodes')), 4);
});

test('output without tests counts none', (t) => {
  for (const name of ['test:rust', 'test:js', 'test:nodes']) t.is(countTests('ok\n', pattern(name)), 0);
  t.is(countTests('test result: ok. 0 passed; 0 failed\n', pattern('test:rust')), 0);
});

test('failures are found in the output of every runner, each once', (t) => {
  t.deepEqual(failuresIn('  ✔ one\n  \u001b[31m✘\u001b[39m [fail]: a › b\n  1 test failed\n'), ['✘ [fail]: a › b']);
  t.deepEqual(failuresIn('test a::b ... FAILED\ntest c ... ok\ntest a::b ... FAILED\n'), ['test a::b ... FAILED']);
  t.deepEqual(failuresIn('  ✔ one\n  1 test passed\n'), []);
});

test('a step that does not exist is refused', async (t) => {
  const result = await run(path.join(__dirname, '../../scripts/check.js'), ['no-such-step']);
  t.is(result.code, 1);
  t.regex(result.stderr, /no step no-such-step/);
});

test('a script on a Node line passes with status 0 and a last line ok, within its time', async (t) => {
  const script = (name) => path.join(__dirname, 'fixtures', name);
  t.is(await runScript(process.execPath, script('prints_ok.js')), null);
  t.regex(await runScript(process.execPath, script('prints_other.js')), /not "ok"/);
  t.regex(await runScript(process.execPath, script('throws.js')), /status 1/);
  t.regex(await runScript(process.execPath, script('hangs.js'), 500), /no end after 500 ms/);
});
