'use strict';
// `npm run bench -- [--quick] [--row NAME]… [--rounds N] [--write]`
//
// Measures every contender of every row, taking turns (A B C A B C …) so that a machine that slows down slows all of
// them, and prints the medians with the ratio of multiproc to each peer. Each measurement is a process in a session of
// its own with a time limit; the session is ended after it, whatever happened.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { installCommand } = require('../scripts/prepare.js');
const { describeMachine } = require('./machine.js');
const { formatFigure, renderReport } = require('./report.js');
const ROWS = require('./rows.js');

const FULL = { rounds: 5, timeout: 60_000, options: { budget: 1000, warmUp: 500, messages: 100_000, tasks: 20_000 } };
const QUICK = { rounds: 1, timeout: 20_000, options: { budget: 200, warmUp: 100, messages: 20_000, tasks: 20_000 } };

const running = new Set();

function endSession(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** @returns {Promise<import('./report.js').Outcome>} */
function measure(row, name, { timeout, options }) {
  return new Promise((resolve) => {
    const args = [path.join(__dirname, 'contender.js'), row, name, JSON.stringify(options)];
    const child = spawn(process.execPath, args, {
      cwd: __dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    running.add(child.pid);
    let output = '';
    let late = false;
    const watchdog = setTimeout(() => {
      late = true;
      endSession(child.pid);
    }, timeout);
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.on('error', (error) => resolve({ failed: error.message }));
    child.on('exit', (status, signal) => {
      clearTimeout(watchdog);
      endSession(child.pid);
      running.delete(child.pid);
      child.ended = signal ?? `status ${status}`;
    });
    child.on('close', () => {
      if (late) return resolve({ failed: `no result within ${timeout / 1000} s` });
      try {
        resolve(JSON.parse(output.trim().split('\n').at(-1)));
      } catch {
        resolve({ failed: `ended with ${child.ended} and no result` });
      }
    });
  });
}

async function measureRow(row, settings) {
  const outcomes = new Map(row.contenders.map((name) => [name, []]));
  for (let round = 1; round <= settings.rounds; round++) {
    for (const name of row.contenders) {
      const earlier = outcomes.get(name);
      // What failed once stays failed; the turns of the others are not delayed by it.
      if (earlier.some((outcome) => outcome.figure === undefined)) continue;
      const outcome = await measure(row.name, name, settings);
      earlier.push(outcome);
      const text =
        outcome.figure === undefined ? (outcome.failed ?? outcome.notAvailable) : formatFigure(outcome.figure);
      process.stderr.write(`${row.name} ${round}/${settings.rounds} ${name}: ${text}\n`);
    }
  }
  return outcomes;
}

function installPeers() {
  const wanted = Object.keys(require('./package.json').dependencies);
  if (wanted.every((name) => fs.existsSync(path.join(__dirname, 'node_modules', name)))) return;
  process.stderr.write('bench: installing the peers into bench/node_modules\n');
  const [npm, ...args] = installCommand(__dirname);
  const { status } = spawnSync(npm, [...args, '--ignore-scripts'], {
    cwd: __dirname,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.stderr.write('bench: npm failed; the peers from npm will be shown as failed\n');
}

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      row: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
    },
  });
  const unknown = values.row.filter((name) => !ROWS.some((row) => row.name === name));
  if (unknown.length > 0) {
    throw new Error(`bench: no row ${unknown.join(', ')}; there are ${ROWS.map((row) => row.name).join(', ')}`);
  }
  const settings = { ...(values.quick ? QUICK : FULL) };
  if (values.rounds !== undefined) {
    settings.rounds = Number(values.rounds);
    if (!Number.isInteger(settings.rounds) || settings.rounds < 1) {
      throw new Error(`bench: --rounds must be a positive integer, but was '${values.rounds}'`);
    }
  }
  installPeers();
  const rows = [];
  for (const row of ROWS) {
    if (values.row.length > 0 && !values.row.includes(row.name)) continue;
    rows.push({ row, outcomes: await measureRow(row, settings) });
  }
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
  const report = renderReport({ command, rounds: settings.rounds, machine: describeMachine(), rows });
  process.stdout.write(report);
  if (values.write) fs.writeFileSync(path.join(__dirname, 'RESULTS.md'), report);
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const leader of running) endSession(leader);
    process.kill(process.pid, signal);
  });
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
