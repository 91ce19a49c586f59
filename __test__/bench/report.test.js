'use strict';

const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const { renderReport, renderRow, summarise } = require('../../bench/report.js');
const { run } = require('../helpers/run.js');
const ROWS = require('../../bench/rows.js');

const BENCH = path.join(__dirname, '../../bench');
const figures = (...values) => values.map((figure) => ({ figure }));
const row = (lower) => ({ name: 'row', title: 'Row', unit: 'ms', lower, contenders: ['multiproc', 'peer', 'absent'] });

test('the median of the rounds is taken with its spread', (t) => {
  t.deepEqual(summarise(figures(3, 1, 2)), { median: 2, lowest: 1, highest: 3 });
  t.deepEqual(summarise(figures(4, 1, 2, 3)), { median: 2.5, lowest: 1, highest: 4 });
});

test('a ratio above 1 means that multiproc is ahead, whether less or more is better', (t) => {
  const outcomes = new Map([
    ['multiproc', figures(2)],
    ['peer', figures(8)],
  ]);
  t.regex(renderRow(row(true), outcomes), /\| peer \| 8\.00 \| 8\.00 – 8\.00 \| 4\.00× \|/);
  t.regex(renderRow(row(false), outcomes), /\| peer \| 8\.00 \| 8\.00 – 8\.00 \| 0\.25× \|/);
});

test('a contender that failed, is not there or was not measured keeps its line and its reason', (t) => {
  const outcomes = new Map([
    ['multiproc', [{ figure: 1 }, { failed: 'no result within 1 s' }]],
    ['peer', [{ notAvailable: 'python3 is not installed' }]],
  ]);
  const text = renderRow(row(true), outcomes);
  t.regex(text, /\| multiproc \| failed: no result within 1 s \|/);
  t.regex(text, /\| peer \| not available: python3 is not installed \|/);
  t.regex(text, /\| absent \| failed: not measured \|/);
});

test('the report carries the command, the rounds and the machine', (t) => {
  const text = renderReport({ command: 'npm run bench', rounds: 5, machine: [['kernel', 'Linux 1']], rows: [] });
  t.regex(text, /`npm run bench`: the median of 5 rounds/);
  t.regex(text, /\| kernel \| Linux 1 \|/);
});

test('every contender of every row is a file, and every file is a contender', (t) => {
  for (const { name, contenders } of ROWS) {
    const files = fs.readdirSync(path.join(BENCH, 'contenders', name)).map((file) => path.parse(file).name);
    t.deepEqual(files.sort(), [...contenders].sort(), name);
  }
});

test('one measurement prints its outcome as its last line', async (t) => {
  const options = JSON.stringify({ budget: 10, warmUp: 1 });
  const { stdout } = await run(path.join(BENCH, 'contender.js'), ['round_trip', 'worker_threads', options]);
  t.true(JSON.parse(stdout.trim().split('\n').at(-1)).figure > 0);
  const missing = await run(path.join(BENCH, 'contender.js'), ['round_trip', 'nobody', options]);
  t.regex(JSON.parse(missing.stdout.trim().split('\n').at(-1)).failed, /nobody/);
});

test('a row that does not exist is refused', async (t) => {
  const { code, stderr } = await run(path.join(BENCH, 'run.js'), ['--row', 'nothing']);
  t.is(code, 1);
  t.regex(stderr, /no row nothing/);
});
