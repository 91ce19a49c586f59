'use strict';
// spawn(), as node:child_process has it, and options more: extras.js.
//
// What is valid is normalised here and started by us; whatever is not is handed to Node's own spawn, which throws the
// error of the version that runs. So the messages are Node's, and no list of them is kept here.

const childProcess = require('node:child_process');
const path = require('node:path');
const { debuglog } = require('node:util');
const { createChild } = require('./child');
const { giveExitReason } = require('./exit_reason');
const { checkExtras, refuseExtras } = require('./extras');
const { limit } = require('./limit');
const { addWait } = require('./manual');
const { normalise } = require('./normalise');
const { whyNotOurs } = require('./ours');
const { giveResult } = require('./result');
const { replaceWords, showPrefixed } = require('./stdio_words');

const debug = debuglog('child_process');

/**
 * Starts a program. Does not wait for it; the start itself blocks for about a millisecond.
 *
 * @param {string} command a path, or a name to be looked for in the PATH of `options.env`
 * @param {readonly string[] | SpawnOptions} [args]
 * @param {SpawnOptions} [options]
 * @returns {childProcess.ChildProcess} with the events, streams and errors that Node.js gives it
 *
 * @typedef {childProcess.SpawnOptions & Partial<import('./handle').Extras>} SpawnOptions
 *
 * @throws {TypeError | RangeError} as child_process.spawn does for bad arguments
 */
function spawn(command, args, options) {
  return start('spawn', command, args, options);
}

/**
 * @param {string} call whose options they are, for errors
 * @param {{ onEnd?: () => Array<() => void> | undefined, record?: import('../process/exit_reason').ExitRecord, words?: unknown[], label?: string, encoding?: string, maxBuffer?: number, killSignal?: string | number }} more
 *   `onEnd` is called before 'exit' or the 'error' of a start that failed; `record`: of a child that writes it; `words` are what the user ran; `label`: what the child is called when its lines are shown; the others are for
 *   the child's `result`, where they are not among the options
 */
function start(call, command, args, options, more = {}) {
  const isShort = !Array.isArray(args) && args !== null && typeof args === 'object';
  // One copy, so that a getter is read once and Node.js and we see the same value. As in Node.js: own properties only.
  const copied = copy(isShort ? args : options);
  const own = checkExtras(`${call}()`, copied);
  const { options: given, words: stdioWords } = replaceWords(`${call}()`, copied);
  const whyNot = whyNotOurs();
  const normalised = whyNot === null ? normalise(command, isShort ? [] : args, given) : null;
  let child;
  // Left to Node.js, which throws what is wrong with it. What it takes is right by its rules: it stands, as a process of
  // Node's.
  if (normalised === null) {
    if (whyNot !== null) refuseExtras(`${call}()`, own, whyNot);
    child = isShort ? childProcess.spawn(command, given) : childProcess.spawn(command, args, given);
    if (more.onEnd !== undefined) child.prependOnceListener('exit', more.onEnd);
    giveExitReason(child);
  } else {
    debug('spawn', normalised);
    child = createChild({ ...own, detached: normalised.detached }, () => {
      // Looked at once at the end: later the kernel may have killed others for memory.
      void child.exitReason;
      return more.onEnd?.();
    });
    giveExitReason(child, child._handle, { hasCpuTime: own.cpuTime !== undefined, record: more.record });
    child.spawn(normalised);
    if (own.reap === 'manual') addWait(child);
    limit(child, normalised);
  }
  const { words = isShort ? [command] : [command, ...(args ?? [])] } = more;
  const unreaped = own.reap === 'manual' ? child._handle : undefined;
  giveResult(child, { ...given, ...more, words, unreaped: unreaped ?? undefined });
  if (stdioWords !== null) {
    showPrefixed(child, stdioWords, more.label ?? path.basename(String(words[0])));
    // From the beginning, and nobody need ask.
    if (stdioWords.isCaptured) child.result.catch(() => {});
  }
  return child;
}

/** Anything but an object is left as it is: Node.js tells what is wrong with it. */
function copy(options) {
  const isObject = options !== null && typeof options === 'object' && !Array.isArray(options);
  return isObject ? { __proto__: null, ...options } : options;
}

module.exports = { copy, spawn, start };
