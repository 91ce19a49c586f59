'use strict';
// The package loads, and its names are there.

const assert = require('node:assert');
const multiproc = require('multiproc');

for (const name of ['Process', 'Lock', 'SharedArray', 'Pool', 'fork']) {
  assert.equal(typeof multiproc[name], 'function', name);
}
console.log('ok');
