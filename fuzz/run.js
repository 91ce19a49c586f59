'use strict';
// Feeds decode() what no encode() made: `npm run fuzz -- --seconds 60 --seed 1`. Ends with 1 and the bytes in hex when
// it crashes, hangs, throws another error than its own, or takes too much memory.

const { parseArgs } = require('node:util');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const USAGE = 'npm run fuzz -- [--seconds S] [--seed N] [--from ROUND]';
const SECONDS = 30;
const HANG_MILLISECONDS = 20_000;
const MESSAGE_MAX = 64 * 1024;
const HEAP_MB = 512;

function readOptions(args) {
  const text = { type: 'string' };
  const { values } = parseArgs({ args, options: { seconds: text, seed: text, from: text } });
  return {
    seconds: integer('--seconds', values.seconds ?? SECONDS, 1, 1_000_000),
    seed: integer('--seed', values.seed ?? Math.floor(Math.random() * 2 ** 32), 0, 2 ** 32 - 1),
    first: integer('--from', values.from ?? 0, 0, 2 ** 31 - 1),
  };
}

function integer(option, text, least, most) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new RangeError(`${option} ${text}: expected an integer from ${least} to ${most}`);
  return number;
}

function run({ seconds, seed, first }) {
  const state = new Int32Array(new SharedArrayBuffer(8)).fill(-1); // the round, the length of its message
  const current = new Uint8Array(new SharedArrayBuffer(MESSAGE_MAX));
  console.log(`fuzz: seed ${seed}, ${seconds} s`);
  return new Promise((resolve) => {
    const worker = new Worker(path.join(__dirname, 'worker.js'), {
      workerData: { seed, first, seconds, state, current },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    let seen = -1;
    const watch = setInterval(() => {
      if (Atomics.load(state, 0) === seen && seen >= 0) found(`no end after ${HANG_MILLISECONDS} ms`);
      seen = Atomics.load(state, 0);
    }, HANG_MILLISECONDS);
    let findings = 0;
    function found(what) {
      findings++;
      const bytes = Buffer.from(current.subarray(0, Atomics.load(state, 1)));
      const round = Atomics.load(state, 0);
      console.log(`fuzz: FINDING in round ${round}: ${what}\n${bytes.toString('hex')}`);
      console.log(`fuzz: again with --seed ${seed} --from ${round}`);
      worker.terminate();
    }
    worker.on('message', ({ finding, kinds, largest }) => {
      if (finding !== undefined) return found(finding);
      for (const [kind, count] of [...kinds].sort((a, b) => b[1] - a[1]))
        console.log(`${String(count).padStart(9)}  ${kind}`);
      console.log(`fuzz: most memory for a byte of message: ${Math.round(largest)} bytes, short ones included`);
    });
    worker.on('error', (error) => found(error.stack));
    worker.on('exit', () => {
      clearInterval(watch);
      const resident = Math.round(process.memoryUsage.rss() / 2 ** 20);
      console.log(
        `fuzz: ${Atomics.load(state, 0) - first + 1} rounds, ${findings} findings, ${resident} MB resident at the end`,
      );
      resolve(findings === 0);
    });
  });
}

async function main() {
  let options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  process.exitCode = (await run(options)) ? 0 : 1;
}

if (require.main === module) main();

module.exports = { readOptions };
