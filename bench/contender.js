'use strict';
// One measurement in a process of its own: node contender.js ROW NAME OPTIONS-AS-JSON. Its last line is the outcome.

const path = require('node:path');
const { NotAvailable } = require('./programs.js');

async function main([row, name, options]) {
  try {
    const measure = require(path.join(__dirname, 'contenders', row, `${name}.js`));
    return { figure: await measure(JSON.parse(options)) };
  } catch (error) {
    // The place of this clone is no part of a result.
    const reason = String(error?.message ?? error)
      .split('\n')[0]
      .replaceAll(path.dirname(__dirname), '.');
    return error instanceof NotAvailable ? { notAvailable: reason } : { failed: reason };
  }
}

main(process.argv.slice(2)).then((outcome) => {
  process.stdout.write(`\n${JSON.stringify(outcome)}\n`, () => process.exit(0));
});
