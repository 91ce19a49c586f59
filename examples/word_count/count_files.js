'use strict';
// The work itself: counts the words of some files into a shared histogram. The same function runs in the main process
// and in the pool's workers.

const fs = require('node:fs');
const path = require('node:path');
const { defineTasks } = require('multiproc');
const { Histogram } = require('./histogram');
const { Words } = require('./words');

const buffer = Buffer.allocUnsafe(256 * 1024);

/** What this process keeps from batch to batch. */
let current = { totals: undefined };

function countersFor(buffers) {
  // A shared buffer that arrives again is the same object again.
  if (current.totals !== buffers.totals) {
    const histogram = new Histogram(buffers);
    const words = new Words((bytes, length, hash) => histogram.add(bytes, length, hash));
    current = { totals: buffers.totals, histogram, words };
  }
  return current;
}

const { countFiles, meet } = defineTasks(__filename, {
  /** Ends when so many processes are in it as the barrier has parties: then all are started and have loaded this file. */
  meet: (barrier) => barrier.wait(),

  /**
   * @param {{ root: string, files: { file: string }[], buffers: object, progress: SharedValue }} batch
   * @returns {number} processor time of this process for the batch, in milliseconds
   */
  countFiles({ root, files, buffers, progress }) {
    const before = process.cpuUsage();
    const { histogram, words } = countersFor(buffers);
    for (const { file } of files) progress.add(countFile(path.join(root, file), words));
    histogram.flush();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  },
});

function countFile(file, words) {
  const descriptor = fs.openSync(file, 'r');
  try {
    let size = 0;
    for (let count = -1; count !== 0; size += count) {
      count = fs.readSync(descriptor, buffer);
      words.push(buffer, count);
    }
    words.end();
    return size;
  } finally {
    fs.closeSync(descriptor);
  }
}

module.exports = { countFiles, meet };
