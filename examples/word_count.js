'use strict';
// Counts the words of every text and source file in a folder, first in this process alone, then with a pool; compares
// the results and the times. `npm start` runs it.
//
//   node examples/word_count.js [FOLDER [ROOM]]
//
// FOLDER is node_modules, the installed packages, unless told; ROOM is for how many different words the histogram is made.
//
// Both runs do the same work with the same code (word_count/count_files.js) into a histogram in shared memory. The
// workers of the pool fill one histogram together: there are no partial results to send and to merge.

const fs = require('node:fs');
const path = require('node:path');
const { Barrier, Pool, SharedValue, isMainProcess } = require('multiproc');
const { countFiles, meet } = require('./word_count/count_files');
const { findFiles, inBatches } = require('./word_count/files');
const { Histogram } = require('./word_count/histogram');
const { ProgressBar } = require('./word_count/progress_bar');

const DEFAULT_ROOT = path.join(__dirname, '..', 'node_modules');
const LIMIT_BYTES = 200e6;
const BATCH_BYTES_MAX = 2e6;
/** Enough batches for each worker that all are done at about the same time. */
const BATCHES_PER_WORKER = 8;
const TOP = 20;

async function main(root, room) {
  const files = findFiles(root, LIMIT_BYTES);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (files.length === 0) throw new Error(`there are no text files in ${root}`);
  console.log(`${files.length} files, ${megabytes(bytes)} of text`);

  const pool = new Pool();
  const batchBytes = Math.min(BATCH_BYTES_MAX, bytes / (pool.size * BATCHES_PER_WORKER));
  const job = {
    root,
    bytes,
    batches: inBatches(files, batchBytes),
    room: room ?? roomFor(bytes),
    processes: pool.size,
  };
  const alone = await count(job, 'one process', (items, bar) =>
    items.map((item) => {
      const cpu = countFiles(item);
      bar.update();
      return cpu;
    }),
  );
  const startSeconds = await start(pool);
  const together = await count(job, `pool of ${pool.size}`, (items) => pool.map(countFiles, items, { chunkSize: 1 }));
  pool.close();
  await pool.join();

  printTop(together.counts);
  for (const { label, seconds, cpu } of [alone, together]) {
    console.log(`${label}: ${seconds.toFixed(2)} s, processor time ${(cpu / 1000).toFixed(2)} s`);
  }
  const speedUp = (seconds) => (alone.seconds / seconds).toFixed(2);
  console.log(`speed-up: ${speedUp(together.seconds)}`);
  const all = together.seconds + startSeconds;
  console.log(`with the start of the workers, ${startSeconds.toFixed(2)} s: ${speedUp(all)}`);
  compare(alone.counts, together.counts);
}

/**
 * Starts the workers, which a pool otherwise does with its first task. The time of the first run does not contain the
 * start of its process either; it is printed apart. @returns {Promise<number>} seconds
 */
async function start(pool) {
  const begin = performance.now();
  const barrier = new Barrier(pool.size);
  await Promise.all(Array.from({ length: pool.size }, () => pool.run(meet, barrier)));
  return (performance.now() - begin) / 1000;
}

/** Runs one of the two; `run` gets a task for each batch. */
async function count({ root, bytes, batches, room, processes }, label, run) {
  const buffers = Histogram.allocate({ words: room, processes });
  const progress = new SharedValue('u32', 0, { lock: false });
  const items = batches.map((files) => ({ root, files, buffers, progress }));
  const bar = new ProgressBar(label.padEnd(12), () => progress.value, bytes);
  const begin = performance.now();
  try {
    const cpu = await run(items, bar);
    const seconds = (performance.now() - begin) / 1000;
    return { label, seconds, cpu: cpu.reduce((sum, ms) => sum + ms), counts: new Map(new Histogram(buffers)) };
  } finally {
    bar.end();
  }
}

/**
 * How many different words a text of so many bytes may have. Source code and its documentation have one in about 500
 * bytes; this allows five times as many. A text with still more (a dictionary) ends the program with a clear message.
 */
function roomFor(bytes) {
  return Math.max(100_000, Math.ceil(bytes / 100));
}

function printTop(counts) {
  const total = [...counts.values()].reduce((sum, times) => sum + times, 0);
  console.log(`${total} words, ${counts.size} different ones; the most frequent:`);
  const top = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, TOP);
  for (const [word, times] of top) console.log(`${String(times).padStart(9)}  ${word}`);
}

function compare(alone, together) {
  const different = [...alone].filter(([word, times]) => together.get(word) !== times).length;
  if (different === 0 && alone.size === together.size) {
    console.log('the results are identical');
  } else {
    console.error(`the results differ: ${different} words, ${alone.size} and ${together.size} different ones`);
    process.exitCode = 1;
  }
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

if (isMainProcess) {
  const [folder = DEFAULT_ROOT, room] = process.argv.slice(2);
  const root = path.resolve(folder);
  if (!fs.statSync(root, { throwIfNoEntry: false })?.isDirectory() || !/^([1-9]\d{0,8})?$/.test(room ?? '')) {
    console.error('usage: node examples/word_count.js [FOLDER [ROOM]], where ROOM is a number of words');
    process.exitCode = 1;
  } else {
    main(root, room && Number(room)).catch((error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
  }
}
