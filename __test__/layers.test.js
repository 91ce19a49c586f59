'use strict';
// The layers of src/ and lib/ point down only, and each outside library is used in one place.

const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');

const ROOT = path.join(__dirname, '..');

/** What a folder of src/ may not use of the crate. */
const ABOVE = {
  sys: ['memory', 'sync', 'channel', 'queue', 'process', 'pool', 'waits', 'binding'],
  memory: ['sync', 'channel', 'queue', 'process', 'pool', 'waits', 'binding'],
  sync: ['channel', 'queue', 'process', 'pool', 'waits', 'binding'],
  channel: ['queue', 'process', 'pool', 'waits', 'binding'],
  queue: ['process', 'pool', 'waits', 'binding'],
  process: ['channel', 'queue', 'pool', 'waits', 'binding'],
  pool: ['queue', 'process', 'waits', 'binding'],
  waits: ['binding'],
};

/** What runs in a child may not load what runs in its parent. */
const PARENT_SIDE = ['process/process', 'process/launch', 'pool/pool', 'pool/worker', 'child_process/'];

function filesBelow(folder, ending) {
  return fs
    .readdirSync(path.join(ROOT, folder), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));
}

function code(file) {
  return fs
    .readFileSync(path.join(ROOT, file), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*\/\//.test(line))
    .join('\n');
}

function offenders(files, pattern) {
  return files.filter((file) => pattern.test(code(file)));
}

test('no folder of src/ uses one above it', (t) => {
  for (const [folder, above] of Object.entries(ABOVE)) {
    const files = filesBelow(`src/${folder}`, '.rs');
    t.true(files.length > 0, folder);
    t.deepEqual(offenders(files, new RegExp(`crate::(${above.join('|')})\\b`)), [], folder);
  }
});

test('Node-API is used in src/binding alone, the operating system in src/sys alone', (t) => {
  const files = filesBelow('src', '.rs');
  const outside = (folder) => files.filter((file) => !file.startsWith(`src/${folder}/`));
  t.deepEqual(offenders(outside('binding'), /\bnapi(_derive)?::/), []);
  t.deepEqual(offenders(outside('sys'), /\b(libc|nix)::/), []);
});

test('what runs in a child loads nothing of its parent', (t) => {
  const files = filesBelow('lib/child', '.js');
  t.true(files.length > 0);
  t.deepEqual(offenders(files, new RegExp(`require\\('\\.\\./(${PARENT_SIDE.join('|')})`)), []);
});

test('no source file outgrows its idea', (t) => {
  const files = [...filesBelow('src', '.rs'), ...filesBelow('lib', '.js')];
  const long = files.filter((file) => fs.readFileSync(path.join(ROOT, file), 'utf8').split('\n').length > 400);
  t.deepEqual(long, []);
});
