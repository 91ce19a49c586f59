'use strict';
// stdio: 'prefix': whole lines, with the child's name before them.

const path = require('node:path');
const { PassThrough, Writable } = require('node:stream');
const test = require('ava');
const { spawn } = require('../..');
const { showLines } = require('../../lib/child_process/lines');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

async function prefixed(call, stdio, ...scripts) {
  const args = [call, JSON.stringify(stdio), ...scripts];
  const { stdout, stderr, code } = await run(path.join(__dirname, 'fixtures', 'prefixed.js'), args, {
    input: 'typed\n',
  });
  const [pids, ...lines] = stdout.split('\n');
  return { pids: pids.split(','), lines, stderr, code };
}

test.serial('stdout and stderr are shown where they belong, the last line gets an end', async (t) => {
  const { lines, stderr, code } = await prefixed('spawn', 'prefix', 'echo one; echo two >&2; read x; printf "$x"');
  t.deepEqual(lines, ['<0> one', '<0> typed', '']);
  t.is(stderr, '<0> two\n');
  t.is(code, 0);
});

test.serial('unless told, the name and the pid', async (t) => {
  const { pids, lines } = await prefixed('named', 'prefix', 'echo x');
  t.deepEqual(lines, [`[sh ${pids[0]}] x`, '']);
  const forked = await prefixed('fork', 'prefix', 'y');
  t.deepEqual(forked.lines, [`[prints.js ${forked.pids[0]}] y`, '']);
});

test.serial('in a list, for one of the two', async (t) => {
  const { lines, stderr } = await prefixed('spawn', ['ignore', 'prefix', 'inherit'], 'echo out; echo err >&2');
  t.deepEqual(lines, ['<0> out', '']);
  t.is(stderr, 'err\n');
});

test.serial('lines of several children do not mix, however they were cut', async (t) => {
  const line = 'abcdefghij'.repeat(50);
  const script = `i=0; while [ $i -lt 100 ]; do printf ${line}; printf '${line}\\n'; i=$((i+1)); done`;
  const { lines } = await prefixed('spawn', 'prefix', script, script, script);
  t.is(lines.length, 301);
  for (const index of [0, 1, 2]) {
    t.is(lines.filter((each) => each === `<${index}> ${line}${line}`).length, 100);
  }
});

test('characters and lines that are cut anywhere', async (t) => {
  const bytes = Buffer.from('ü€😀\n\nzwei\r\nlast');
  for (let at = 0; at <= bytes.length; at += 1) {
    const source = new PassThrough();
    const shown = [];
    const destination = new Writable({ write: (chunk, _, done) => done(void shown.push(chunk)) });
    showLines(source, destination, '> ');
    source.write(bytes.subarray(0, at));
    await new Promise((resolve) => setImmediate(resolve));
    source.end(bytes.subarray(at));
    await new Promise((resolve) => source.once('close', resolve));
    t.is(Buffer.concat(shown).toString(), '> ü€😀\n> \n> zwei\r\n> last\n');
    t.true(
      shown.every((chunk) => chunk.at(-1) === 0x0a),
      'whole lines only',
    );
  }
});

test('a line without end is shown in parts', async (t) => {
  const source = new PassThrough();
  const shown = [];
  const destination = new Writable({ write: (chunk, _, done) => done(void shown.push(chunk.length)) });
  showLines(source, destination, '> ');
  for (let count = 0; count < 10; count += 1) source.write(Buffer.alloc(20_000, 'x'));
  source.end();
  await new Promise((resolve) => source.once('close', resolve));
  t.deepEqual(shown, [80_003, 80_003, 40_003]);
});

test('a destination that is full stops all its sources, until it takes more', async (t) => {
  const sources = Array.from({ length: 20 }, () => new PassThrough());
  const waiting = [];
  const destination = new Writable({ highWaterMark: 10, write: (chunk, _, done) => void waiting.push([chunk, done]) });
  for (const source of sources) showLines(source, destination, '');
  for (const source of sources) source.end('0123456789\n');
  await new Promise((resolve) => setImmediate(resolve));
  t.true(sources.every((source) => source.isPaused()));
  t.is(destination.listenerCount('drain'), 1);
  let written = '';
  while (waiting.length > 0) {
    const [chunk, done] = waiting.shift();
    written += chunk;
    done();
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.is(written, '0123456789\n'.repeat(20));
  t.false(sources.some((source) => source.isPaused()));
});

test('a prefix is text', (t) => {
  const error = t.throws(() => spawn('true', { stdio: 'prefix', prefix: 1 }), { instanceOf: TypeError });
  t.is(error.code, 'ERR_INVALID_ARG_TYPE');
});

test('the words for output at another place are refused with that place', (t) => {
  for (const stdio of [
    ['prefix', 'prefix'],
    ['pipe', 'pipe', 'pipe', 'capture'],
  ]) {
    const message = /^spawn\(\): "options\.stdio\[[03]\]" must be .*, but was '(prefix|capture)'$/;
    t.throws(() => spawn('true', { stdio }), { code: 'ERR_INVALID_ARG_VALUE', message });
  }
});
