'use strict';
// npm run test:stress: kills processes of a family that use every primitive of synchronisation as hard as they can, and
// looks whether what the primitives promise still holds. README.md tells how.
//
//   npm run test:stress -- --kills 200          what `npm run check` runs
//   npm run test:stress -- --seconds 60 --only Lock
//   SEED=123 npm run test:stress                the same choices again

const { USAGE, command, readOptions } = require('./options');
const { Run } = require('./stress');
const { workloads } = require('./workloads');

async function main() {
  let options;
  try {
    options = readOptions(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(`${error.message}\n${USAGE}\n`);
    return 2;
  }
  // First of all: whatever happens, this is known.
  process.stdout.write(`seed ${options.seed}: ${command(options, workloads)}\n`);
  const passed = await new Run(options, (text) => process.stdout.write(`${text}\n`)).run();
  return passed ? 0 : 1;
}

main().then((status) => {
  process.exitCode = status;
});
