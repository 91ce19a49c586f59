'use strict';
// Whether a process can be one of ours. Where it cannot, Node's own functions stand in, so that a program that needs nothing
// more than them runs as well.

const { MultiprocError } = require('../errors');
const runtime = require('../runtime');

const UNDER_PERMISSION = 'under the permission model of Node.js';

let hasWarned = false;

/** @returns {string | null} why not, to be read behind "cannot be had" */
function whyNotOurs() {
  // Node.js alone knows to enforce it and to pass it on.
  if (process.permission !== undefined) return UNDER_PERMISSION;
  try {
    runtime.open();
    return null;
  } catch ({ code, message }) {
    if (!hasWarned) {
      hasWarned = true;
      process.emitWarning(`processes are those of node:child_process: ${message}`, 'MultiprocWarning', code);
    }
    return `where the shared memory is not: ${message}`;
  }
}

/** For what Node's own functions cannot stand in for. */
function refuseUnderPermission(what) {
  if (process.permission === undefined) return;
  throw new MultiprocError(
    'ERR_MULTIPROC_UNSUPPORTED',
    `${what} cannot be had ${UNDER_PERMISSION} (--permission), which it does not know to pass on; fork() and spawn() are Node's own there`,
  );
}

module.exports = { UNDER_PERMISSION, refuseUnderPermission, whyNotOurs };
