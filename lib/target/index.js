'use strict';
// How a function gets to another process.
//
// A function cannot be copied into another process; it can be found there again. describeTarget() turns it into a
// description (strings, numbers, arrays: any channel carries it), loadTarget() turns the description into a function:
//   task    a function made by defineTasks(): the child imports its file and takes it from a registry by name
//   module  { module, export }: the child imports the module and takes the export
//   class   a subclass of Process with a run() of its own: the child imports the module that exports it
//   source  a function that stands alone: its source text travels; names it would miss are refused before start
//
// Importing a file runs its top level. A script that defines tasks and starts processes has to guard the start with
// `if (isMainProcess)`, as in Python; without the guard the process layer refuses the start in the child.

const { describeTarget } = require('./describe');
const { describeClass } = require('./describe_class');
const { loadTarget, loadTargetSync } = require('./load');
const { defineTasks, findTask } = require('./tasks');
const { callerFile } = require('./caller');

/** Whether it names a function beyond doubt, as a function that stands alone does not. */
function isTarget(target) {
  if (typeof target === 'function') return findTask(target) !== undefined;
  return target !== null && typeof target === 'object' && Object.hasOwn(target, 'module');
}

module.exports = { describeClass, describeTarget, loadTarget, loadTargetSync, defineTasks, callerFile, isTarget };
