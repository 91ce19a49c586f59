'use strict';
// Ends a process together with everything below it (src/process/tree.rs finds them).
//
// Gently first: SIGTERM goes to the process alone, which may want to end its children in its own way. Meanwhile we keep
// looking for what is below, since a process whose parent has ended is nobody's child any more. Then, or when the grace is
// over, whatever is left is stopped, listed anew and killed.

const { setTimeout: delay } = require('node:timers/promises');
const native = require('../binding');

/** Between two looks at the tree: at first soon, as most processes end soon. */
const LOOKS_MS = [2, 5, 10, 20, 50];
/** The kernel may hold a killed process for a while; nobody waits longer for one that is not our child. */
const ENDS_WITHIN_MS = 2000;

/**
 * @param {{ pid: number, startTime: number }} root
 * @param {number} grace milliseconds between SIGTERM and SIGKILL
 * @param {import('./settling').Moment} death of the root
 * @returns {Promise<void>} everything has ended
 */
async function terminateTree(root, grace, death) {
  const known = new Map();
  const note = (members) => {
    for (let at = 0; at < members.length; at += 2)
      known.set(`${members[at]}@${members[at + 1]}`, members.slice(at, at + 2));
  };
  note(native.treeTerminate(root.pid, root.startTime));
  const end = performance.now() + grace;
  for (let look = 0; ; look += 1) {
    const rest = end - performance.now();
    if (rest <= 0) break;
    if (await death.within(Math.min(rest, LOOKS_MS[Math.min(look, LOOKS_MS.length - 1)]))) break;
    note(native.treeBelow(root.pid, root.startTime));
  }
  const killed = killTree(root, [...known.values()].flat());
  await death.promise;
  await allEnded(killed);
}

/** Kills the root, if it lives, the known members and all below them. @returns {number[]} who was killed */
function killTree(root, known = []) {
  return native.treeKill([root.pid, root.startTime, ...known]);
}

async function allEnded(members) {
  const end = performance.now() + ENDS_WITHIN_MS;
  for (let left = members; left.length > 0 && performance.now() < end; ) {
    left = native.treeLiving(left);
    if (left.length > 0) await delay(2);
  }
}

module.exports = { killTree, terminateTree };
