'use strict';
// Shows how far a job is: a bar that is drawn anew on a terminal, a line for each quarter elsewhere.

const INTERVAL_MS = 100;
const WIDTH = 40;

class ProgressBar {
  #label;
  #done;
  #total;
  #timer;
  #drawn = 0;
  #quarters = 0;

  /** @param {() => number} done how much is done; asked for whenever something may be drawn */
  constructor(label, done, total) {
    this.#label = label;
    this.#done = done;
    this.#total = total;
    // For jobs that leave this process's event loop free; others call update() themselves.
    this.#timer = setInterval(() => this.update(), INTERVAL_MS);
    this.#draw();
  }

  update() {
    if (performance.now() - this.#drawn >= INTERVAL_MS) this.#draw();
  }

  end() {
    clearInterval(this.#timer);
    this.#draw();
    if (process.stdout.isTTY) process.stdout.write('\n');
  }

  #draw() {
    this.#drawn = performance.now();
    const part = this.#total === 0 ? 1 : this.#done() / this.#total;
    if (process.stdout.isTTY) {
      const bar = '█'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '░');
      process.stdout.write(`\r${this.#label} ${bar} ${String(Math.round(part * 100)).padStart(3)} %`);
      return;
    }
    for (; this.#quarters < Math.floor(part * 4); this.#quarters += 1) {
      process.stdout.write(`${this.#label} ${(this.#quarters + 1) * 25} %\n`);
    }
  }
}

module.exports = { ProgressBar };
