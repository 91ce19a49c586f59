'use strict';
// How a function gets to another process.
//
// A function cannot be copied into another process; it can be found there again. describeTarget() turns it into a
// description (strings, numbers, arrays: any channel carries it), loadTarget() turns the description into a function:
//   task    a function made by defineTasks(): the child imports its file and takes it from a registry by name
//   module  { module, export }: the child imports the module and takes the export
//   source  a function that stands alone: its source text travels; names it would miss are refused before start
//
// Importing a file runs its top level. A script that defines tasks and starts processes has to guard the start with
// `if (isMainProcess)`, as in Python; without the guard the process layer refuses the start in the child.

const { describeTarget } = require('./describe');
const { loadTarget, loadTargetSync } = require('./load');
const { defineTasks } = require('./tasks');
const { callerFile } = require('./caller');

module.exports = { describeTarget, loadTarget, loadTargetSync, defineTasks, callerFile };
