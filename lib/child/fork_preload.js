'use strict';
// Loaded with --require before a forked program.

const { connectToParent } = require('./fork_program');
const { PRELOAD } = require('./preload_option');

connectToParent();

// The program sees the execArgv that its parent gave.
const position = process.execArgv.indexOf(PRELOAD);
if (position > 0) process.execArgv.splice(position - 1, 2);
