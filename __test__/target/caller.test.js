'use strict';
// callerFile(): the first file outside of the package, whatever was done to stack traces.

const test = require('ava');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { callerFile } = require('../../lib/target');

test('the calling file is found, through eval and native frames, and from deep inside of other calls', (t) => {
  t.is(callerFile(), __filename);
  t.is([0].map(() => callerFile())[0], __filename);
  t.is(new Function('callerFile', 'return callerFile()')(callerFile), __filename);
});

test('an ES module is named by its URL', async (t) => {
  const { default: file } = await import('data:text/javascript,export default 1').then(
    () => import('../fixtures/target/calls.mjs'),
  );
  t.true(file.startsWith('file:') && file.endsWith('/calls.mjs'));
});

test.serial("the user's settings do not change the answer and are put back", (t) => {
  const prepare = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  const limit = Error.stackTraceLimit;
  t.teardown(() => {
    delete Error.prepareStackTrace;
    if (prepare) Object.defineProperty(Error, 'prepareStackTrace', prepare);
    Error.stackTraceLimit = limit;
  });
  const own = () => 'mine';
  Error.prepareStackTrace = own;
  Error.stackTraceLimit = 0;
  t.is(callerFile(), __filename);
  t.is(Error.prepareStackTrace, own);
  t.is(Error.stackTraceLimit, 0);
  delete Error.prepareStackTrace;
  delete Error.stackTraceLimit;
  t.is(callerFile(), __filename);
  t.false(Object.hasOwn(Error, 'prepareStackTrace'));
  t.false(Object.hasOwn(Error, 'stackTraceLimit'));
});

const PROGRAM = `console.log(require(${JSON.stringify(path.join(__dirname, '../../lib/target'))}).callerFile())`;
const cwd = path.join(__dirname, '..', 'fixtures', 'target');

for (const flags of [[], ['--enable-source-maps'], ['--frozen-intrinsics']]) {
  test(`code without a file counts as [eval] in the working directory ${flags.join()}`, (t) => {
    const output = execFileSync(process.execPath, [...flags, '-e', PROGRAM], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.is(output.trim(), path.join(cwd, '[eval]'));
  });
}
