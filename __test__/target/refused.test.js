'use strict';
// What describeTarget refuses, and what its errors say.

const test = require('ava');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { describeTarget } = require('../../lib/target');
const { isGlobal } = require('../../lib/target/globals');

const call = 'new Process';
const outside = 1;

test('missing names are listed, each with its line, and with advice', (t) => {
  const fs = 1;
  const target = function work(a) {
    outside + a;
    return fs.readFileSync(outside, other);
  };
  const error = t.throws(() => describeTarget(target, { call }), { code: 'ERR_MULTIPROC_CLOSURE' });
  const first = error.names[0].line;
  t.deepEqual(error.names, [
    { name: 'outside', line: first },
    { name: 'fs', line: first + 1 },
    { name: 'other', line: first + 1 },
  ]);
  t.regex(error.message, /^new Process: the function work uses names/);
  t.true(error.message.includes(`outside (line ${first}), fs (line ${first + 1}), other (line ${first + 1})`));
  t.true(error.message.includes(__filename));
  for (const advice of [
    "require('node:fs')",
    'Pass values as arguments',
    'scope: { outside, other }',
    'defineTasks()',
    '{ module, export }',
  ]) {
    t.true(error.message.includes(advice), advice);
  }
  t.true(error.stack.includes(__filename));
});

test('lines are those of the text when the function is not in the file', (t) => {
  const target = new Function('return function made() {\n\n  return gone;\n}')();
  t.throws(() => describeTarget(target), {
    code: 'ERR_MULTIPROC_CLOSURE',
    message: /gone \(line 3\), counted in the function's own text/,
  });
});

test('advice fits what is missing', (t) => {
  const recursive = (n) => recursive(n - 1);
  t.throws(() => describeTarget(recursive), { message: /function recursive\(…\)/ });
  // biome-ignore lint/complexity/noArguments: an arrow that reads the arguments around it is the case
  t.throws(() => describeTarget(() => arguments.length), { message: /\(\.\.\.args\)/ });
  const meta = {
    toString() {
      return '';
    },
  };
  t.throws(() => describeTarget(meta.toString.bind(meta)), {
    code: 'ERR_MULTIPROC_TARGET',
    message: /bound function.*"args"/,
  });
});

const TARGETS = [
  ['a native function', Math.max, /native function.*wrap it/],
  ['a bound function', function f() {}.bind(null), /bound function/],
  ['a Proxy of a function', new Proxy(() => 1, {}), /Proxy/],
  ['a class', class Job {}, /class.*new Job/],
  [
    'a method that uses super',
    {
      f() {
        return super.f();
      },
    }.f,
    /super \(line 2/,
  ],
];
for (const [what, target, message] of TARGETS) {
  test(`${what} is refused with advice`, (t) => {
    t.throws(() => describeTarget(target, { call }), { code: 'ERR_MULTIPROC_TARGET', message });
  });
}

test('an import of the file that Vitest has rewritten is told as such, and not as a constant', (t) => {
  const target = new Function('return () => __vite_ssr_import_1__.ok')();
  const { message } = t.throws(() => describeTarget(target, { call }), { code: 'ERR_MULTIPROC_CLOSURE' });
  t.true(message.includes('import() it inside of the function'));
  t.false(message.includes('scope:'));
});

test('what is no target at all is a TypeError that names the call', (t) => {
  for (const wrong of [undefined, null, 'work.js', 7, {}, [], Object.create({ module: 'x' })]) {
    t.throws(() => describeTarget(wrong, { call }), {
      instanceOf: TypeError,
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^new Process: "target"/,
    });
  }
});

test('scope has to be an object whose keys can name constants, with a function that stands alone', (t) => {
  for (const scope of [null, 7, []])
    t.throws(() => describeTarget(() => 1, { scope }), { code: 'ERR_INVALID_ARG_TYPE' });
  for (const key of ['a-b', '1', '', 'class', 'await', 'let', 'eval', 'arguments', 'undefined', 'a=1,b']) {
    t.throws(() => describeTarget(() => 1, { scope: { [key]: 1 } }), { code: 'ERR_INVALID_ARG_VALUE' }, key);
  }
  t.throws(() => describeTarget({ module: 'node:path', export: 'join' }, { scope: { a: 1 } }), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
});

test.serial('globals of the program do not count, those of the language and of Node do', (t) => {
  globalThis.ownGlobal = 1;
  t.teardown(() => delete globalThis.ownGlobal);
  t.throws(() => describeTarget(() => ownGlobal), { code: 'ERR_MULTIPROC_CLOSURE' });
  t.notThrows(() => describeTarget(() => globalThis.ownGlobal));
  t.notThrows(() =>
    describeTarget(() => [
      undefined,
      NaN,
      process,
      Buffer,
      fetch,
      URL,
      Intl,
      performance,
      hasOwnProperty,
      structuredClone,
      setImmediate,
    ]),
  );
});

test('every global of a bare node counts', (t) => {
  const names = execFileSync(process.execPath, ['-'], {
    input: 'console.log(Object.getOwnPropertyNames(globalThis).join())',
    encoding: 'utf8',
  });
  const missing = names
    .trim()
    .split(',')
    .filter((name) => !isGlobal(name) && Object.hasOwn(globalThis, name));
  t.deepEqual(missing, []);
});

test('node -e offers modules as globals; another process does not', (t) => {
  const program = `const { describeTarget } = require(${JSON.stringify(path.join(__dirname, '../../lib/target'))});
    try { describeTarget(() => fs.readFileSync(0)); } catch (error) { console.log(error.code); }`;
  t.is(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }).trim(), 'ERR_MULTIPROC_CLOSURE');
});
