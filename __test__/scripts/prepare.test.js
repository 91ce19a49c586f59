'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { addonIsCurrent, checkToolchain, dependenciesAreCurrent, installCommand } = require('../../scripts/prepare.js');

function project(t, files) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-prepare-'));
  t.teardown(() => fs.rmSync(root, { recursive: true }));
  for (const [name, [second, content]] of Object.entries(files)) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, typeof content === 'object' ? JSON.stringify(content) : '');
    fs.utimesSync(file, second, second);
  }
  // Directories count too, since removing a file changes them alone; here they are old.
  for (const name of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (name.isDirectory()) fs.utimesSync(path.join(name.parentPath, name.name), 1, 1);
  }
  return root;
}

const lock = (packages) => ({ packages });
const INSTALLED = 'node_modules/.package-lock.json';

test('a clone without node_modules is not current', (t) => {
  t.false(dependenciesAreCurrent(project(t, { 'package-lock.json': [5, lock({})] })));
});

test('node_modules newer than the lock file are current', (t) => {
  t.true(dependenciesAreCurrent(project(t, { 'package-lock.json': [5, lock({})], [INSTALLED]: [6, lock({})] })));
});

test('a newer lock file is looked into: same versions are current, another version or a missing package is not', (t) => {
  const a1 = { 'node_modules/a': { version: '1.0.0' } };
  const a2 = { 'node_modules/a': { version: '2.0.0' } };
  const other = { 'node_modules/darwin': { version: '1.0.0', optional: true } };
  const current = (wanted, installed) =>
    dependenciesAreCurrent(project(t, { 'package-lock.json': [7, lock(wanted)], [INSTALLED]: [6, lock(installed)] }));
  t.true(current({ '': {}, ...a1, ...other }, a1));
  t.false(current(a2, a1));
  t.false(current(a1, {}));
});

test('a lock file without the packages of other platforms is installed without npm ci', (t) => {
  const a = { 'node_modules/b/node_modules/a': { optionalDependencies: { '@a/linux': '1', '@a/darwin': '1' } } };
  const linux = { 'node_modules/@a/linux': { version: '1.0.0', optional: true } };
  const darwin = { 'node_modules/b/node_modules/@a/darwin': { version: '1.0.0', optional: true } };
  const command = (packages) => installCommand(project(t, { 'package-lock.json': [5, lock(packages)] })).join(' ');
  t.regex(command({ '': {}, ...a, ...linux, ...darwin }), /^npm ci /);
  t.regex(command({ '': {}, ...a, ...linux }), /^npm install --no-save /);
});

test('the addon is current when no source is newer', (t) => {
  const sources = { 'src/deep/lib.rs': [5], 'Cargo.toml': [5], 'Cargo.lock': [5], 'build.rs': [5] };
  t.false(addonIsCurrent(project(t, sources)));
  t.true(addonIsCurrent(project(t, { ...sources, 'multiproc.linux-x64-gnu.node': [6] })));
  for (const name of Object.keys(sources)) {
    t.false(addonIsCurrent(project(t, { ...sources, 'multiproc.linux-x64-gnu.node': [6], [name]: [7] })), name);
  }
});

test('a missing cargo or linker is one line that says what to install', (t) => {
  t.throws(() => checkToolchain((name) => name !== 'cargo'), { message: /^cargo is not .*rustup\.rs.*$/ });
  t.throws(() => checkToolchain((name) => name === 'cargo'), { message: /^no C linker .*build-essential.*$/ });
  t.notThrows(() => checkToolchain(() => true));
  t.notThrows(() => checkToolchain((name) => name === 'cargo' || name === 'clang'));
});
