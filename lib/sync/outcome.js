'use strict';
// How native waits end; src/binding/arguments.rs has the same numbers.

const native = require('../binding');
const { DeadlockError } = require('../errors');

const DONE = -1;
const TIMED_OUT = -2;
const BROKEN = -3;
/** Of a Once: somebody else has done it. */
const ALREADY = -4;
/** Outcomes of -16 and below: done, and taken over from the dead agent with the token -16 - outcome. */
const FROM_DEAD = -16;

/** @returns {{ pid: number | null, threadId: number | null, name: string } | null} the agent that died holding what was acquired */
function deadAgent(outcome) {
  if (outcome > FROM_DEAD) return null;
  return describeAgent(FROM_DEAD - outcome);
}

function describeAgent(token) {
  const info = native.agentInfo(token);
  return info === null
    ? { pid: null, threadId: null, name: '' }
    : { pid: info.pid, threadId: info.threadId, name: info.name };
}

/** Of a thread that would block for what it has itself: found here, because the native side knows no flows. */
function selfDeadlock(message, token, what) {
  return new DeadlockError(message, { cycle: [{ ...describeAgent(token), holds: what, waitsFor: what }] });
}

module.exports = { DONE, TIMED_OUT, BROKEN, ALREADY, deadAgent, describeAgent, selfDeadlock };
