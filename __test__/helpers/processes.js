'use strict';
// Reads the process table from /proc: who descends from a process, now or (through a mark in the environment, which
// every descendant inherits) although its parents have ended. A process that ends while it is read is left out.

const fs = require('node:fs');

/** @typedef {{ pid: number, parent: number, session: number, state: string, startTime: string, command: string }} ProcessEntry */

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null; // ended meanwhile, or another user's
  }
}

/** @returns {ProcessEntry | null} null when there is no such process */
function processEntry(pid) {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name stands in parentheses and may itself contain blanks and parentheses (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const command = (read(`/proc/${pid}/cmdline`) || '').split('\0').join(' ').trim();
  return {
    pid: Number(pid),
    state: fields[0],
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTime: fields[19],
    command: command || stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
  };
}

/** @returns {ProcessEntry[]} */
function processTable() {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(processEntry)
    .filter((entry) => entry !== null);
}

/** Every process below `pid`, zombies included. @returns {ProcessEntry[]} */
function descendants(pid, table = processTable()) {
  const found = [];
  const queue = [pid];
  while (queue.length > 0) {
    const parent = queue.shift();
    for (const entry of table) {
      if (entry.parent !== parent) continue;
      found.push(entry);
      queue.push(entry.pid);
    }
  }
  return found;
}

/** Every process whose environment at its start had `name=value`. @returns {ProcessEntry[]} */
function marked(name, value, table = processTable()) {
  const wanted = `${name}=${value}`;
  return table.filter((entry) => (read(`/proc/${entry.pid}/environ`) || '').split('\0').includes(wanted));
}

/** One process, told from a later one with the same id. */
function identity(entry) {
  return `${entry.pid}@${entry.startTime}`;
}

module.exports = { processEntry, processTable, descendants, marked, identity };
