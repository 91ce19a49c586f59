'use strict';
// The state words of all small objects, as one Int32Array over the domain: what the fast paths of locks touch.

const native = require('../binding');
const runtime = require('../runtime');

/** In place of the window once a lock is closed: never free and never ours, so that the fast paths fail. */
const CLOSED = new Int32Array(new SharedArrayBuffer(4)).fill(-1);

let words;
let token;

/** @returns {{ words: Int32Array, token: number }} the words, and what this thread writes into a lock that it takes */
function fastPath() {
  if (words === undefined) {
    runtime.open();
    words = new Int32Array(native.window());
    token = native.ownToken();
  }
  return { words, token };
}

module.exports = { CLOSED, fastPath };
