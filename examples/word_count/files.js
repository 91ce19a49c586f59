'use strict';
// Finds the files to count: text and source files by their name's extension, without those that have a NUL byte in the
// beginning, as git does to tell binary files. Folders and files whose name begins with a dot are left out.

const fs = require('node:fs');
const path = require('node:path');

// Source maps and drawings are text as well, but not written by anybody.
const EXTENSIONS = new Set(
  'c cc cjs conf cpp cs css csv cts flow go h hh hpp htm html ini java js json jsx less lua md mjs mts php pl proto py rb rs rst scss sh sql svelte swift toml ts tsx txt vue xml yaml yml'
    .split(' ')
    .map((extension) => `.${extension}`),
);
const BEGINNING = 8000;
/** What opening a file costs, expressed in bytes that could be counted in that time. */
const FILE_COST = 1024;

/** @typedef {{ file: string, size: number }} Found path below the root, and bytes */

/**
 * Lists the files below `root` in a fixed order, until they are `limit` bytes together, and reads each once: to see that
 * it is text, and so that everybody who reads it later finds it in the page cache.
 * @returns {Found[]}
 */
function findFiles(root, limit) {
  const found = [];
  const buffer = Buffer.allocUnsafe(1 << 20);
  let total = 0;
  for (const file of candidates(root, '')) {
    const size = readText(path.join(root, file), buffer);
    if (size === 0) continue;
    if (total + size > limit) break;
    total += size;
    found.push({ file, size });
  }
  return found;
}

function* candidates(root, folder) {
  const entries = unlessForbidden(() => fs.readdirSync(path.join(root, folder), { withFileTypes: true }), []);
  // By code units: the same order whatever the locale and the file system.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const name = path.join(folder, entry.name);
    // Links are neither: followed, they would lead to a file twice, or round in circles.
    if (entry.isDirectory()) yield* candidates(root, name);
    else if (entry.isFile() && EXTENSIONS.has(path.extname(entry.name).toLowerCase())) yield name;
  }
}

/** @returns {number} the file's size; 0 when it is not text, or not ours to read */
function readText(file, buffer) {
  const descriptor = unlessForbidden(() => fs.openSync(file, 'r'), null);
  if (descriptor === null) return 0;
  try {
    let size = 0;
    for (;;) {
      const count = fs.readSync(descriptor, buffer);
      if (count === 0) return size;
      if (size === 0 && buffer.subarray(0, Math.min(count, BEGINNING)).includes(0)) return 0;
      size += count;
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

function unlessForbidden(action, otherwise) {
  try {
    return action();
  } catch (error) {
    if (error.code === 'EACCES' || error.code === 'EPERM') return otherwise;
    throw error;
  }
}

/**
 * Cuts the list into batches of about the same work, the largest files first: what is handed out last is small, so no
 * worker is still busy for long when the others are done. A file is never divided.
 * @param {Found[]} files
 * @returns {Found[][]}
 */
function inBatches(files, batchBytes) {
  const batches = [];
  let room = 0;
  for (const found of [...files].sort((a, b) => b.size - a.size)) {
    const cost = found.size + FILE_COST;
    if (cost > room) {
      batches.push([]);
      room = batchBytes;
    }
    batches.at(-1).push(found);
    room -= cost;
  }
  return batches;
}

module.exports = { findFiles, inBatches };
