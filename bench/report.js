'use strict';
// Turns outcomes into Markdown. A contender that failed or is not there keeps its line and says why.

const { median } = require('./measure.js');

/**
 * @typedef {{ figure?: number, failed?: string, notAvailable?: string }} Outcome
 * @typedef {{ name: string, title: string, unit: string, lower: boolean, contenders: string[] }} Row
 */

function formatFigure(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** How many times better `multiproc` does than a peer; below 1 the peer is ahead. */
function ratio(row, ours, theirs) {
  return row.lower ? theirs / ours : ours / theirs;
}

/** The outcomes of one contender over all rounds, summed up. One round that failed fails the contender. */
function summarise(outcomes) {
  const bad = outcomes.find((outcome) => outcome.figure === undefined);
  if (bad) return bad.notAvailable ? { text: `not available: ${bad.notAvailable}` } : { text: `failed: ${bad.failed}` };
  if (outcomes.length === 0) return { text: 'failed: not measured' };
  const figures = outcomes.map((outcome) => outcome.figure);
  return { median: median(figures), lowest: Math.min(...figures), highest: Math.max(...figures) };
}

/** @param {Row} row @param {Map<string, Outcome[]>} outcomes by contender */
function renderRow(row, outcomes) {
  const summaries = row.contenders.map((name) => [name, summarise(outcomes.get(name) ?? [])]);
  const ours = summaries.find(([name]) => name === 'multiproc')?.[1].median;
  const lines = [
    `### ${row.title}`,
    '',
    `\`${row.name}\`, ${row.unit}, ${row.lower ? 'less' : 'more'} is better`,
    '',
    '| contender | median | lowest – highest | multiproc does |',
    '|---|---:|---:|---:|',
  ];
  for (const [name, summary] of summaries) {
    if (summary.median === undefined) {
      lines.push(`| ${name} | ${summary.text.replaceAll('|', '\\|')} | | |`);
      continue;
    }
    const own = name === 'multiproc';
    const compared = own || ours === undefined ? '' : `${formatFigure(ratio(row, ours, summary.median))}×`;
    const spread = `${formatFigure(summary.lowest)} – ${formatFigure(summary.highest)}`;
    lines.push(`| ${own ? `**${name}**` : name} | ${formatFigure(summary.median)} | ${spread} | ${compared} |`);
  }
  return `${lines.join('\n')}\n`;
}

/** @param {{ command: string, rounds: number, machine: [string, string][], rows: { row: Row, outcomes: Map<string, Outcome[]> }[] }} run */
function renderReport({ command, rounds, machine, rows }) {
  return [
    '# Measured side by side',
    '',
    `\`${command}\`: the median of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, contenders taking turns within each round.`,
    '"multiproc does 3×" means three times better than that line; below 1 that line is ahead.',
    '',
    '| | |',
    '|---|---|',
    ...machine.map(([what, value]) => `| ${what} | ${value} |`),
    '',
    ...rows.map(({ row, outcomes }) => renderRow(row, outcomes)),
  ].join('\n');
}

module.exports = { renderReport, renderRow, summarise, ratio, formatFigure };
