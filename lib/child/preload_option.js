'use strict';
// What is loaded first in a forked program, and how NODE_OPTIONS says so. Used by both sides.

const path = require('node:path');

const PRELOAD = path.join(__dirname, 'fork_preload.js');
/** In NODE_OPTIONS quotes hold a path together, and a backslash keeps a quote. */
const preloadOption = `--require ${JSON.stringify(PRELOAD)} `;

module.exports = { PRELOAD, preloadOption };
