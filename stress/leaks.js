'use strict';
// That a run leaves nothing: no process, no descriptor, no file, no block of shared memory, no memory of the parent's.

const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { blocksInUse } = require('./blocks');
const { newSince, report, snapshot } = require('../__test__/helpers/leaks');
const { blocksAreBackTo, liveBlocks, warmUp } = require('../__test__/fixtures/process/watch');

const MARK = 'multiproc-stress';
/** How much the parent's memory may grow after the first tenth of the run. */
const GROWTH_MAX_BYTES = 64 << 20;
/** Before that many deaths the parent is still warming up. */
const WARM_AFTER = 50;

class Leaks {
  #before;
  #blocks;
  #warm;

  /** What the package and Node.js open once and keep is there afterwards. */
  async begin() {
    await warmUp();
    await once(new Worker('', { eval: true }), 'exit');
    this.#before = snapshot(MARK);
    this.#blocks = await liveBlocks();
  }

  /** @param {number} deaths so far */
  tick(deaths) {
    if (this.#warm === undefined && deaths >= WARM_AFTER) this.#warm = process.memoryUsage.rss();
  }

  /**
   * @param {number} cut messages with objects whose writer or reader may have been killed in the middle
   * @returns {Promise<{ faults: string[], text: string }>}
   */
  async end(cut) {
    const faults = [];
    const kept = [];
    await blocksAreBackTo(this.#blocks).catch(() => {
      // References in a message whose writer or reader was killed in the middle stay, and keep their objects until the
      // domain ends (src/memory/directory.rs). Nothing else may be left, and no more of them.
      for (const { references, holders, text } of blocksInUse()) {
        const isKept = holders.length === 0 && references > 0 && references <= cut;
        (isKept ? kept : faults).push(`${isKept ? 'kept' : 'left behind'}: ${text}`);
      }
    });
    faults.push(...report(await newSince(this.#before, MARK)).map((text) => `left behind: ${text}`));
    const rss = process.memoryUsage.rss();
    const growth = rss - (this.#warm ?? rss);
    if (growth > GROWTH_MAX_BYTES) faults.push(`the parent's memory grew by ${mib(growth)} MiB`);
    return {
      faults,
      text: `blocks of shared memory ${this.#blocks} before, ${await liveBlocks()} after${kept.length > 0 ? `, ${kept.length} of them kept by messages that were cut off` : ''}; the parent has ${mib(rss)} MiB, ${mib(growth)} more than after ${WARM_AFTER} deaths`,
    };
  }
}

const mib = (bytes) => Math.round(bytes / 2 ** 20);

module.exports = { Leaks };
