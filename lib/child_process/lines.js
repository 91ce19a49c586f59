'use strict';
// Shows what a stream brings on another stream, line by line with a text before each. A line is written in one piece, so
// lines of several children do not mix; the last one, without an end, gets one. A line beyond LONGEST is shown in parts.

const LONGEST = 64 * 1024;
const NEWLINE = 0x0a;

/** Who waits until a destination takes more: one listener for all. @type {WeakMap<object, Set<object>>} */
const waiting = new WeakMap();

/**
 * @param {import('node:stream').Readable} source
 * @param {import('node:stream').Writable} destination stays open
 * @param {string} prefix
 */
function showLines(source, destination, prefix) {
  const start = Buffer.from(prefix);
  const end = Buffer.from('\n');
  let kept = [];
  let keptLength = 0;

  const write = (pieces) => {
    if (!destination.write(Buffer.concat(pieces))) waitFor(destination, source);
  };
  const keep = (bytes) => {
    if (bytes.length === 0) return;
    kept.push(bytes);
    keptLength += bytes.length;
    if (keptLength >= LONGEST) flush();
  };
  const flush = () => {
    if (keptLength > 0) write([start, ...kept, end]);
    kept = [];
    keptLength = 0;
  };

  source.on('data', (chunk) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, source.readableEncoding) : chunk;
    const pieces = [];
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      pieces.push(start, ...kept, bytes.subarray(from, at + 1));
      kept = [];
      keptLength = 0;
      from = at + 1;
    }
    if (pieces.length > 0) write(pieces);
    keep(bytes.subarray(from));
  });
  source.once('close', flush);
}

function waitFor(destination, source) {
  source.pause();
  const others = waiting.get(destination);
  if (others !== undefined) {
    others.add(source);
    return;
  }
  const all = new Set([source]);
  waiting.set(destination, all);
  const goOn = () => {
    destination.off('drain', goOn).off('close', goOn);
    waiting.delete(destination);
    for (const each of all) each.resume();
  };
  destination.on('drain', goOn).on('close', goOn);
}

module.exports = { showLines };
