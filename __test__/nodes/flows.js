'use strict';
// The owner of a re-entrant lock: on Node.js 20 and 22 by async_hooks, from 24 on by V8's own asynchronous context.

const assert = require('node:assert');
const { situations } = require('../fixtures/sync/flows');

async function main() {
  for (const [title, situation] of Object.entries(situations)) {
    const [found, expected] = await situation();
    assert.deepStrictEqual(found, expected, `${title}: ${JSON.stringify(found)}`);
  }
  console.log('ok');
}

main();
