'use strict';
// The native side of child processes (src/binding/child.rs), with the report of a child's end as a callback.

const native = require('../binding');
const runtime = require('../runtime');

/**
 * @param {object} options as `SpawnOptions` in src/binding/child.rs
 * @param {(exitCode: number, signalNumber: number) => void} onExit
 * @returns {{ id: number, pid: number } | number} a negative errno when the program could not be started
 */
function spawnChild(options, onExit) {
  const [id, pid] = native.spawnChild(runtime.open(), options);
  if (id < 0) return id;
  runtime.children.set(id, (status) => {
    runtime.children.delete(id);
    onExit(status % 65_536, Math.floor(status / 65_536));
  });
  return { id, pid };
}

/** @returns {[number, number] | number} our end and the child's, or a negative errno */
function socketPair() {
  const pair = native.socketPair();
  return pair.length === 1 ? pair[0] : pair;
}

const { childKill, childRef, closeFd, spawnChildSync } = native;

module.exports = { childKill, childRef, closeFd, socketPair, spawnChild, spawnChildSync };
