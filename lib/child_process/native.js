'use strict';
// The native side of child processes (src/binding/child.rs), with the reports of a child's end as callbacks.

const native = require('../binding');
const runtime = require('../runtime');

/**
 * @param {object} options as `SpawnOptions` in src/binding/child.rs
 * @param {(exitCode: number, signalNumber: number, isOverMemory: boolean) => void} onExit its status was taken
 * @param {() => void} onEnd it has ended and, with `manualReap`, is a zombie now
 * @param {(options: object) => [number, number] | null} [via] another way to start it, if that can be
 * @returns {{ id: number, pid: number, take(): boolean, peek(): [number, number, boolean] | null } | number} `peek`: what
 *   `onExit` will be told, once it has ended; a negative errno when the program could not be started
 */
function spawnChild(options, onExit, onEnd, via) {
  const [id, pid] = via?.(options) ?? native.spawnChild(runtime.open(), options);
  if (id < 0) return id;
  /** Takes the status of a child that has ended, wherever the news comes from first. */
  const take = () => {
    const status = native.takeChildStatus(id);
    if (status === null) return false;
    runtime.children.delete(id);
    onExit(...parts(status));
    return true;
  };
  const peek = () => {
    const status = native.peekChildStatus(id);
    return status === null ? null : parts(status);
  };
  runtime.children.set(id, () => {
    onEnd();
    if (!options.manualReap) take();
  });
  return { id, pid, take, peek };
}

const parts = (status) => [status % 65_536, Math.floor(status / 65_536) % 256, status >= 2 ** 24];

/** @returns {[number, number] | number} our end and the child's, or a negative errno */
function socketPair() {
  const pair = native.socketPair();
  return pair.length === 1 ? pair[0] : pair;
}

const { awaitChildSync, childKill, childRef, closeFd, spawnChildSync } = native;

module.exports = { awaitChildSync, childKill, childRef, closeFd, socketPair, spawnChild, spawnChildSync };
