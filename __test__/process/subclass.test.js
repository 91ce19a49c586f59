'use strict';
// Classes that extend Process with a run() of their own.

const test = require('ava');
const { Process } = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');
const { Around, Elsewhere, Fails, Grand, Up, makeHidden } = require('../fixtures/process/subclasses.cjs');

guard(test, { warmUp });

async function resultOf(child) {
  child.start();
  try {
    return await child.result;
  } finally {
    await child.join();
  }
}

test('run() of an exported class runs in the process, with the fields of the object', async (t) => {
  const up = new Up('below');
  t.true(up instanceof Process);
  t.deepEqual(await resultOf(up), ['below', true, up.name, true, 'below!', false]);
  t.is(up.count.value, 42, 'a shared field is the same there');
  t.is(up.exitReason, 'ok');
});

test('super.run() calls the target', async (t) => {
  const child = new Around((a, b) => a * b, { args: [6, 7], name: 'wrapped' });
  t.is(child.name, 'wrapped');
  t.deepEqual(await resultOf(child), ['around', 42]);
});

test('a class that inherits run()', async (t) => {
  t.is((await resultOf(new Grand('x')))[0], 'x');
});

test('an error of run() is that of the result', async (t) => {
  const child = new Fails(undefined, { stdio: 'ignore' });
  await t.throwsAsync(resultOf(child), { instanceOf: RangeError, message: 'in run' });
  t.is(child.exitCode, 1);
});

test('a class of an ES module is found by the file it names, or the one that makes it', async (t) => {
  const { Modern, makeFallback, makeUnnamed } = await import('../fixtures/process/subclasses.mjs');
  t.is(await resultOf(new Modern()), 'esm');
  t.is(await resultOf(makeUnnamed()), 'found by the file that makes it');
  t.is(await resultOf(makeFallback()), 'default');
});

test('a class that names its module is taken from there', async (t) => {
  t.is(await resultOf(new Elsewhere()), 'there');
});

test('a class that nobody exports is refused where the object is made', (t) => {
  t.throws(() => makeHidden(), { code: 'ERR_MULTIPROC_TARGET', message: /Hidden.*static module/ });
  const Anonymous = (() => class extends Process {})();
  Anonymous.prototype.run = async () => 1;
  Object.defineProperty(Anonymous, 'name', { value: '' });
  t.throws(() => new Anonymous(), { code: 'ERR_MULTIPROC_TARGET', message: /name/ });
});

test('a field that cannot travel stops the start with its path', (t) => {
  const child = new Up('x');
  child.callback = () => 1;
  const error = t.throws(() => child.start(), { code: 'ERR_MULTIPROC_SERIALIZE' });
  t.is(error.path, 'fields.callback');
});

test('a class without a run() of its own is a Process like any other', async (t) => {
  class Plain extends Process {
    extra = () => 'stays here';
  }
  t.is(await resultOf(new Plain((a) => a, { args: [1] })), 1);
  t.throws(() => new Plain(), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('run() of the process itself may be called here', async (t) => {
  t.is(await new Process((a) => a + 1, { args: [1] }).run(), 2);
});
