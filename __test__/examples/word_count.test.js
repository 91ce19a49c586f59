'use strict';
// word_count as a program on small folders, and its parts: what counts as a word, and the shared histogram.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { Process } = require('multiproc');
const { findFiles, inBatches } = require('../../examples/word_count/files.js');
const { Histogram } = require('../../examples/word_count/histogram.js');
const { Words, hashOf } = require('../../examples/word_count/words.js');
const { guard } = require('../helpers/leaks.js');
const { run } = require('../helpers/run.js');

const PROGRAM = path.join(__dirname, '..', '..', 'examples', 'word_count.js');
const CORPUS = path.join(__dirname, '..', 'fixtures', 'examples', 'corpus');

// The library opens its memory and its doorbell once.
guard(test, { warmUp: () => Histogram.allocate({ words: 1 }) });

let directory;
test.before('a folder for corpora that are made', () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-words-'));
});
test.after.always('remove it', () => fs.rmSync(directory, { recursive: true, force: true }));

function folder(name, files) {
  const made = path.join(directory, name);
  fs.mkdirSync(made);
  for (const [file, content] of Object.entries(files)) fs.writeFileSync(path.join(made, file), content);
  return made;
}

/** Words of a text that comes in pieces of so many bytes. */
function wordsOf(text, pieceBytes = Infinity) {
  const found = [];
  const words = new Words((bytes, length, hash) => {
    const own = Buffer.from(bytes.subarray(0, length));
    if (hash !== hashOf(own)) throw new Error(`wrong hash for ${own}`);
    found.push(own.toString());
  });
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const piece = bytes.subarray(start, start + pieceBytes);
    words.push(piece, piece.length);
  }
  words.end();
  return found;
}

function add(histogram, word, times = 1) {
  const bytes = Buffer.from(word);
  for (let i = 0; i < times; i += 1) histogram.add(bytes, bytes.length, hashOf(bytes));
}

/** Lines without those that say a time. */
function withoutTimes(stdout) {
  return stdout.split('\n').filter((line) => !/ s, processor time |^speed-up: |^with the start /.test(line));
}

const progress = (label) => [25, 50, 75, 100].map((percent) => `${label.padEnd(12)} ${percent} %`);

test.serial('the counts of a small folder are exact, and the same from both runs', async (t) => {
  const { stdout, stderr, code } = await run(PROGRAM, [CORPUS]);
  t.is(stderr, '');
  t.is(code, 0);
  const lines = withoutTimes(stdout);
  const workers = Number(stdout.match(/^pool of (\d+): /m)[1]);
  t.deepEqual(lines, [
    '4 files, 0.0 MB of text',
    ...progress('one process'),
    ...progress(`pool of ${workers}`),
    '28 words, 19 different ones; the most frequent:',
    '        6  the',
    '        2  end',
    '        2  größe',
    '        2  école',
    '        2  λόγος',
    '        1  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '        1  cafe\u0301',
    '        1  cat',
    '        1  const',
    '        1  dog',
    '        1  don',
    '        1  grösse',
    '        1  naïve',
    '        1  saw',
    '        1  t',
    '        1  x',
    '        1  y',
    '        1  日本',
    '        1  日本語',
    'the results are identical',
    '',
  ]);
  t.regex(stdout, /^one process: \d+\.\d\d s, processor time \d+\.\d\d s$/m);
  t.regex(stdout, /^speed-up: \d+\.\d\d$/m);
});

test.serial('words on the border of two pieces, and a folder of several batches, are counted whole', async (t) => {
  const files = {};
  // More than a worker reads at a time, and no power of two: borders fall on every place in the words.
  for (let i = 0; i < 9; i += 1) files[`${i}.txt`] = 'lock Größe semaphore\n'.repeat(30_000 + i);
  const { stdout, stderr, code } = await run(PROGRAM, [folder('borders', files)]);
  t.is(code, 0, stderr);
  const times = 9 * 30_000 + 36;
  t.regex(stdout, new RegExp(`^${3 * times} words, 3 different ones`, 'm'));
  for (const word of ['lock', 'größe', 'semaphore']) t.regex(stdout, new RegExp(`^ +${times}  ${word}$`, 'm'));
  t.regex(stdout, /^the results are identical$/m);
});

test.serial('more different words than the histogram has room for end the program with a message', async (t) => {
  const letters = (n) => n.toString(26).replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)));
  const text = Array.from({ length: 5000 }, (_, index) => `x${letters(index)}`).join(' ');
  const corpus = folder('many', { 'words.txt': text });
  const full = await run(PROGRAM, [corpus, '100']);
  t.is(full.stderr, 'the histogram is full: it has room for 3072 different words\n');
  t.is(full.code, 1);
  const roomy = await run(PROGRAM, [corpus, '5000']);
  t.regex(roomy.stdout, /^5000 words, 5000 different ones/m);
  t.is(roomy.code, 0);
});

test.serial('a folder that is none, or has no text, and bad arguments end with a message', async (t) => {
  const empty = folder('empty', {});
  const none = await run(PROGRAM, [empty]);
  t.deepEqual([none.code, none.stderr], [1, `there are no text files in ${empty}\n`]);
  for (const args of [[path.join(empty, 'nowhere')], [PROGRAM], [CORPUS, '-1'], [CORPUS, 'many']]) {
    const { code, stderr } = await run(PROGRAM, args);
    t.is(code, 1);
    t.regex(stderr, /^usage: /);
  }
});

test.serial('processes that add the same new words at once lose none and make none twice', async (t) => {
  const buffers = Histogram.allocate({ words: 20_000, processes: 3 });
  const fill = (buffers, directory, from, to) => {
    const { Histogram } = require(`${directory}/histogram.js`);
    const { hashOf } = require(`${directory}/words.js`);
    const histogram = new Histogram(buffers);
    for (let n = from; n < to; n += 1) {
      const bytes = Buffer.from(`word ${n % 20_000}`);
      histogram.add(bytes, bytes.length, hashOf(bytes));
    }
    histogram.flush();
  };
  const parts = path.join(path.dirname(PROGRAM), 'word_count');
  const processes = [0, 5000, 10_000].map((from) => new Process(fill, { args: [buffers, parts, from, from + 20_000] }));
  for (const child of processes) child.start();
  await Promise.all(processes.map((child) => child.result));
  await Promise.all(processes.map((child) => child.join()));
  const histogram = new Histogram(buffers);
  t.is(histogram.size, 20_000);
  const counts = new Map(histogram);
  t.is(counts.size, 20_000);
  t.true([...counts.values()].every((count) => count === 3));
});

test('counts are known to others after flush', (t) => {
  const buffers = Histogram.allocate({ words: 100 });
  const [one, two] = [new Histogram(buffers), new Histogram(buffers)];
  add(one, 'lock', 3);
  add(two, 'lock', 4);
  add(two, 'ring');
  t.is(two.size, 2);
  one.flush();
  t.is(new Map(two).get('lock'), 3);
  two.flush();
  two.flush();
  t.deepEqual(new Map(one), new Map([...new Map(two)]));
  t.deepEqual([new Map(one).get('lock'), new Map(one).get('ring')], [7, 1]);
});

test('words with the same hash are kept apart', (t) => {
  const histogram = new Histogram(Histogram.allocate({ words: 100 }));
  for (const word of ['a', 'b', 'ab', 'c']) {
    const bytes = Buffer.from(word);
    for (let i = 0; i <= word.charCodeAt(0) - 97; i += 1) histogram.add(bytes, bytes.length, 42);
  }
  histogram.flush();
  t.deepEqual(Object.fromEntries(histogram), { a: 1, b: 2, ab: 1, c: 3 });
});

test('a histogram whose words are too long for it says so', (t) => {
  const histogram = new Histogram(Histogram.allocate({ words: 3072 }));
  const fill = () => {
    for (let n = 0; n < 3072; n += 1) add(histogram, `${n}`.padStart(64, 'x'));
  };
  t.throws(fill, { instanceOf: RangeError, message: /^the histogram is full: its words have more than \d+ bytes/ });
});

test('a word is a run of letters in lower case', (t) => {
  t.deepEqual(wordsOf("Don't panic_42 x1y\tEND"), ['don', 't', 'panic', 'x', 'y', 'end']);
  t.deepEqual(wordsOf('ÀÉ—œuvre ΛΌΓΟΣ 日本語、中文 e\u0301t 5€ £a'), [
    'àé',
    'œuvre',
    'λόγος',
    '日本語',
    '中文',
    'e\u0301t',
    'a',
  ]);
  t.deepEqual(wordsOf(''), []);
  t.deepEqual(wordsOf(' .;\n'), []);
});

test('runs that are longer than a word can be are left out', (t) => {
  const [fits, long] = ['a'.repeat(64), 'a'.repeat(65)];
  t.deepEqual(wordsOf(`${fits} ${long} b`), [fits, 'b']);
  t.deepEqual(wordsOf(`${'é'.repeat(32)} ${'é'.repeat(33)} b`), ['é'.repeat(32), 'b']);
  t.deepEqual(wordsOf(`${'é—'.repeat(1000)} b`).length, 1, 'a run of more than 4096 bytes is not looked at');
});

test('bytes that are no UTF-8 end a word', (t) => {
  const found = [];
  const words = new Words((bytes, length) => found.push(Buffer.from(bytes.subarray(0, length)).toString()));
  const bytes = Buffer.from([0x61, 0xff, 0x62, 0xc3, 0x20, 0x63]);
  words.push(bytes, bytes.length);
  words.end();
  t.deepEqual(found, ['a', 'b', 'c']);
});

test('the size of the pieces makes no difference', (t) => {
  const text = 'Größe, lock and λόγος;日本語 naïve\n'.repeat(20);
  const whole = wordsOf(text);
  t.is(whole.length, 120);
  for (const pieceBytes of [1, 2, 3, 7, 64]) t.deepEqual(wordsOf(text, pieceBytes), whole, `pieces of ${pieceBytes}`);
});

test('files are text by name and content, in a fixed order, up to the limit', (t) => {
  const all = findFiles(CORPUS, Infinity);
  t.deepEqual(
    all.map(({ file }) => file),
    ['animals.txt', 'folder/letters.py', 'folder/no_newline.md', 'long.txt'],
  );
  for (const { file, size } of all) t.is(size, fs.statSync(path.join(CORPUS, file)).size);
  t.deepEqual(findFiles(CORPUS, all[0].size + all[1].size), all.slice(0, 2));
});

test('links are not followed', (t) => {
  const made = folder('links', { 'a.txt': 'text' });
  fs.symlinkSync(made, path.join(made, 'round'));
  fs.symlinkSync(path.join(made, 'a.txt'), path.join(made, 'b.txt'));
  t.deepEqual(findFiles(made, Infinity), [{ file: 'a.txt', size: 4 }]);
});

test('batches hold every file once, the largest first', (t) => {
  const files = Array.from({ length: 50 }, (_, index) => ({ file: `${index}`, size: (index * 7919) % 5000 }));
  const batches = inBatches(files, 6000);
  t.true(batches.length > 10);
  const sizes = batches.flat().map(({ size }) => size);
  t.deepEqual(
    sizes,
    files.map(({ size }) => size).sort((a, b) => b - a),
  );
  t.true(batches.every((batch) => batch.length > 0));
  t.deepEqual(inBatches([{ file: 'large', size: 1e9 }], 10), [[{ file: 'large', size: 1e9 }]]);
});
