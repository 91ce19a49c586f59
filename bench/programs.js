'use strict';
// Contenders that are not Node.js: a Python script or a C program that measures by itself and prints one figure.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** A contender that this machine cannot run. */
class NotAvailable extends Error {}

const program = (name) => path.join(__dirname, 'programs', name);

function figureOf(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args.map(String), { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const figure = Number(output.trim());
      if (status !== 0 || output.trim() === '' || Number.isNaN(figure)) {
        const lastLine = errors.trim().split('\n').at(-1);
        return reject(new Error(`${command} ended with ${signal ?? `status ${status}`}: ${lastLine}`));
      }
      resolve(figure);
    });
  });
}

/** @returns {Promise<number>} what programs/NAME.py prints */
function python(name, ...args) {
  if (spawnSync('python3', ['--version'], { stdio: 'ignore' }).status !== 0) {
    throw new NotAvailable('python3 is not installed');
  }
  return figureOf('python3', [program(`${name}.py`), ...args]);
}

/** @returns {Promise<number>} what the compiled programs/NAME.c prints */
async function compiled(name, ...args) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-bench-'));
  try {
    const binary = path.join(directory, name);
    const { status, error, stderr } = spawnSync('cc', ['-O2', '-pthread', '-o', binary, program(`${name}.c`)]);
    if (error) throw new NotAvailable('cc is not installed');
    if (status !== 0) throw new Error(`cc ended with status ${status}: ${stderr}`);
    return await figureOf(binary, args);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

module.exports = { python, compiled, program, NotAvailable };
