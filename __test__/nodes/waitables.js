'use strict';
// Everything that can be waited for, in both forms: in vain for a while, and then not; and in another process.

const assert = require('node:assert');
const { Process, Semaphore } = require('multiproc');
const { WAITABLES } = require('../fixtures/sync/waitables');

const THERE = { module: require.resolve('../fixtures/sync/waitables.js'), export: 'waitsThere' };

async function main() {
  for (const [label, { make, block, wait, waitSync }] of Object.entries(WAITABLES)) {
    const object = make();
    const unblock = block(object);
    assert.strictEqual(waitSync(object, 2), false, label);
    assert.strictEqual(await wait(object, { timeout: 2 }), false, label);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 2);
    await assert.rejects(wait(object, { signal: controller.signal }), { code: 'ABORT_ERR' }, label);
    const begins = new Semaphore(0);
    const child = new Process(THERE, { args: [begins, label, 'wait', object] }).start();
    await begins.acquire();
    await unblock();
    assert.strictEqual(await child.result, true, label);
    await child.join();
  }
  console.log('ok');
}

main();
