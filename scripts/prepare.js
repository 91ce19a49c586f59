'use strict';
// Makes a fresh clone ready to run: dependencies from the lock file, then the native addon when it is older than
// its sources. Uses Node's own modules only, because it runs before anything is installed. `--build` builds always.
//
// It is called by `npm start` and `npm test`. The published package contains no script that runs at installation.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const SOURCES = ['src', 'Cargo.toml', 'Cargo.lock', 'build.rs'];

/** Something is missing on this machine; the message says what, and what to install. */
class MissingError extends Error {}

/**
 * Installed packages answer the lock file. The time stamps decide quickly; where the lock file is the newer one,
 * as after every clone or change of branch, its content decides.
 */
function dependenciesAreCurrent(root) {
  const lockFile = path.join(root, 'package-lock.json');
  const installedFile = path.join(root, 'node_modules', '.package-lock.json');
  if (!fs.existsSync(installedFile)) return false;
  if (modifiedAt(installedFile) >= modifiedAt(lockFile)) return true;
  const wanted = JSON.parse(fs.readFileSync(lockFile, 'utf8')).packages;
  const installed = JSON.parse(fs.readFileSync(installedFile, 'utf8')).packages;
  // Optional packages for other platforms are in the lock file and not installed: `optional` marks them.
  return Object.entries(wanted).every(
    ([name, entry]) => name === '' || (installed[name] ? installed[name].version === entry.version : entry.optional),
  );
}

/**
 * The command that installs what the lock file says. `npm ci` refuses a lock file without the optional packages of other
 * platforms, which is what npm writes where the registry does not offer them; `npm install --no-save` takes the rest of
 * it as it stands and leaves the file alone.
 */
function installCommand(root) {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const locked = new Set(Object.keys(packages).map((key) => key.slice(key.lastIndexOf('node_modules/') + 13)));
  const complete = Object.values(packages).every((entry) =>
    Object.keys(entry.optionalDependencies ?? {}).every((name) => locked.has(name)),
  );
  return ['npm', ...(complete ? ['ci'] : ['install', '--no-save']), '--no-audit', '--no-fund'];
}

/** The addon exists and none of its sources is newer. */
function addonIsCurrent(root) {
  const addons = fs.readdirSync(root).filter((name) => /^multiproc\..*\.node$/.test(name));
  if (addons.length === 0) return false;
  const built = Math.max(...addons.map((name) => modifiedAt(path.join(root, name))));
  return newest(SOURCES.map((name) => path.join(root, name))) <= built;
}

function newest(paths) {
  let latest = 0;
  for (const entry of paths) {
    if (!fs.existsSync(entry)) continue;
    latest = Math.max(latest, modifiedAt(entry));
    if (fs.statSync(entry).isDirectory()) {
      latest = Math.max(latest, newest(fs.readdirSync(entry).map((name) => path.join(entry, name))));
    }
  }
  return latest;
}

function modifiedAt(file) {
  return fs.statSync(file).mtimeMs;
}

/** A Rust compiler and a linker are there. `has` tells whether a program can be started; tests replace it. */
function checkToolchain(has = canStart) {
  if (!has('cargo')) {
    throw new MissingError(
      'cargo is not on the PATH: install Rust 1.88 or newer from https://rustup.rs, then run this again',
    );
  }
  if (!['cc', 'gcc', 'clang'].some((name) => has(name))) {
    throw new MissingError(
      'no C linker (cc, gcc or clang) is on the PATH: install one, for example `apt-get install build-essential`',
    );
  }
}

function canStart(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

function run(program, args) {
  process.stderr.write(`prepare: ${program} ${args.join(' ')}\n`);
  const { status, signal, error } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit' });
  if (error) throw new MissingError(`${program} could not be started: ${error.message}`);
  if (status !== 0)
    throw new MissingError(`\`${program} ${args.join(' ')}\` ended with ${signal ?? `status ${status}`}`);
}

function prepare({ build = false } = {}) {
  if (!dependenciesAreCurrent(ROOT)) {
    const [program, ...args] = installCommand(ROOT);
    run(program, args);
  }
  if (build || !addonIsCurrent(ROOT)) {
    checkToolchain();
    run('npm', ['run', '--silent', 'build']);
  }
}

if (require.main === module) {
  try {
    prepare({ build: process.argv.includes('--build') });
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    process.stderr.write(`prepare: ${error.message}\n`);
    process.exitCode = 1;
  }
}

module.exports = { prepare, dependenciesAreCurrent, installCommand, addonIsCurrent, checkToolchain, MissingError };
