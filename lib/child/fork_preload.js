'use strict';
// Loaded with --require before a forked program.

require('./fork_program').connectToParent();

// The program sees the execArgv that its parent gave.
const position = process.execArgv.indexOf(__filename);
if (position > 0) process.execArgv.splice(position - 1, 2);
