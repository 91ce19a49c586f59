'use strict';
// Where in its file a function stands, so that its stack traces in another process show the right lines.
// A function knows its text but not its place: the text is looked up in the file. Compiled files do not hold it.

const fs = require('node:fs');

const LARGEST_FILE_BYTES = 4 * 1024 * 1024;

/** @returns {{ file: string, line: number } | undefined} undefined when the text is not in the file, or twice */
function findPlace(source, file) {
  let text;
  try {
    if (fs.statSync(file).size > LARGEST_FILE_BYTES) return undefined;
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const start = text.indexOf(source);
  if (start === -1 || text.indexOf(source, start + 1) !== -1) return undefined;
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < start; at = text.indexOf('\n', at + 1)) line += 1;
  return { file, line };
}

module.exports = { findPlace };
