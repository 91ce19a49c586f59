'use strict';
// Writes the table of docs/values.md: what multiproc does with a value beside what structuredClone does. Both are asked,
// nothing is claimed: the rows are in values/, each with the things that one would miss. `node scripts/values_table.js`
//
// The page is the same from every version of Node.js that the package supports. Where structuredClone differs between
// them the row says so and its answer is not written down; a row of a class that a version lacks stays as it is.

const fs = require('node:fs');
const path = require('node:path');
const { pack, unpack } = require('../lib/travel');
const { prepare } = require('./values/platform');

const rows = [
  ...require('./values/language'),
  ...require('./values/binary'),
  ...require('./values/errors'),
  ...require('./values/platform'),
];

const PAGE = path.join(__dirname, '..', 'docs', 'values.md');
const [BEGIN, END] = ['<!-- table: scripts/values_table.js -->', '<!-- end of the table -->'];
const HEAD = ['| value | multiproc | structuredClone | compared |', '|---|---|---|---|'];

const travel = (value) => unpack(Uint8Array.from(pack(value, 'value')));

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {() => unknown} make a new value each time
 * @property {Record<string, (found: any, original: any) => boolean>} keeps what may arrive of it, by name
 * @property {boolean} [exists] false: this version of Node.js has no such value
 * @property {[does: string, compared: string]} [varies] of structuredClone, when what it does depends on the version or
 *   on where it is asked
 */

/** @returns {{ kept: string[], lost: string[] } | null} null when it was refused */
function outcome(carry, { make, keeps }) {
  const original = make();
  let found;
  try {
    found = carry(original);
  } catch {
    return null;
  }
  const kept = Object.keys(keeps).filter((name) => holds(keeps[name], found, original));
  return { kept, lost: Object.keys(keeps).filter((name) => !kept.includes(name)) };
}

function holds(check, found, original) {
  try {
    return check(found, original) === true;
  } catch {
    return false; // what arrived is not even of the kind that has this
  }
}

function told(result) {
  if (result === null) return 'refused';
  if (result.lost.length === 0) return 'arrives';
  if (result.kept.length === 0) return 'lost without a word';
  return `arrives; lost: ${result.lost.join(', ')}`;
}

function compared(ours, theirs) {
  if (ours === null) return theirs === null || theirs.kept.length === 0 ? 'refused' : 'refused by multiproc';
  if (theirs === null || theirs.kept.length === 0) return 'carried by multiproc';
  const [more, less] = [missing(ours, theirs), missing(theirs, ours)];
  const differences = [
    more.length > 0 ? `multiproc keeps ${more.join(', ')}` : '',
    less.length > 0 ? `structuredClone keeps ${less.join(', ')}` : '',
  ].filter((text) => text !== '');
  return differences.length === 0 ? 'same' : differences.join('; ');
}

const missing = (from, of) => from.kept.filter((name) => !of.kept.includes(name));

function lineOf(row) {
  const ours = outcome(travel, row);
  const theirs = row.varies === undefined ? outcome(structuredClone, row) : null;
  const cells = row.varies ?? [told(theirs), compared(ours, theirs)];
  return `| ${[row.name, told(ours), ...cells].join(' | ')} |`;
}

/** The page with a new table. */
function withTable(page) {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${PAGE}: the table must stand between ${BEGIN} and ${END}`);
  const old = page.slice(from, to).split('\n');
  const lines = rows.map((row) => {
    if (row.exists !== false) return lineOf(row);
    const line = old.find((one) => one.startsWith(`| ${row.name} |`));
    if (line === undefined) throw new Error(`${row.name}: not in this version of Node.js, take a newer one`);
    return line;
  });
  return `${page.slice(0, from)}${[BEGIN, '', ...HEAD, ...lines, '', ''].join('\n')}${page.slice(to)}`;
}

if (require.main === module) prepare().then(() => fs.writeFileSync(PAGE, withTable(fs.readFileSync(PAGE, 'utf8'))));

module.exports = { PAGE, compared, outcome, prepare, rows, told, withTable };
