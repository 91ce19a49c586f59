'use strict';
// Signals to this program and its processes: passed on, or turned into an orderly end.
//
// A handler takes the signal's default away, which is to end the program. So whoever forwards a signal goes on living, and
// stopOnSignals() ends the program by that signal at last, as the default would have.

const { constants } = require('node:os');
const { checkInteger, invalidType, invalidValue, ownOptions } = require('../arguments');
const { dispose } = require('../dispose');

const UNCATCHABLE = new Set(['SIGKILL', 'SIGSTOP']);

/**
 * Passes signals on to processes.
 * @returns {{ close(): void }} `close()` ends it; then the signals have their default again
 */
function forwardSignals(signals, processes) {
  const call = 'forwardSignals()';
  const names = checkSignals(call, signals);
  const targets = checkTargets(
    call,
    'processes',
    processes,
    (target) => send(target) !== undefined,
    'Process or ChildProcess',
  );
  const forward = (signal) => {
    for (const target of targets) send(target)(signal);
  };
  return listening(names, forward);
}

/** How a signal gets there; one that has ended gets none. */
function send(target) {
  if (typeof target?.signal === 'function' && typeof target.join === 'function') {
    return (signal) => target.state === 'started' && target.signal(signal);
  }
  if (typeof target?.kill === 'function' && 'exitCode' in target) return (signal) => target.kill(signal);
  return undefined;
}

/**
 * Ends everything in order when a signal comes: the first one drains, the second terminates, the third kills.
 * @returns {{ close(): void, stopped: Promise<string> }}
 */
function stopOnSignals(signals, targets, options) {
  const call = 'stopOnSignals()';
  const names = checkSignals(call, signals);
  const { grace = Infinity, end = true } = ownOptions(call, options, ['grace', 'end']);
  if (grace !== Infinity) checkInteger(call, 'grace', grace, 0, 2 ** 31 - 1);
  if (typeof end !== 'boolean') throw invalidType(call, 'end', 'a boolean', end);
  const known = checkTargets(
    call,
    'targets',
    targets,
    (target) => stagesOf(target) !== undefined,
    'Process, Pool, supervisor or ChildProcess',
  );
  let told = 0;
  let tellStopped;
  const stopped = new Promise((resolve) => {
    tellStopped = resolve;
  });
  const listener = listening(names, (signal) => {
    const stage = STAGES[Math.min(told, STAGES.length - 1)];
    told += 1;
    const ends = known.map((target) => stagesOf(target)[stage](signal, grace));
    if (told > 1) return;
    Promise.allSettled(ends).then(() => {
      listener.close();
      tellStopped(signal);
      // If nobody else listens, the program ends as the signal says; who waited for `stopped` comes before that.
      if (end) setImmediate(() => process.kill(process.pid, signal));
    });
  });
  return Object.assign(listener, { stopped });
}

const STAGES = ['drain', 'terminate', 'kill'];

/** What the three stages are for each kind of target; `drain` gives the end of the target. */
function stagesOf(target) {
  if (typeof target?.requestStop === 'function') {
    const alive = (act) => () => (target.state === 'started' ? act() : undefined);
    return {
      drain: (signal, grace) => alive(() => target.requestStop(signal, { grace }))(),
      terminate: alive(() => quietly(target.terminate())),
      kill: alive(() => target.kill()),
    };
  }
  if (typeof target?.stop === 'function') {
    return {
      drain: (signal, grace) => target.stop({ reason: signal, grace }),
      terminate: () => quietly(target.stop({ grace: 0 })),
      kill: () => target.kill(),
    };
  }
  if (typeof target?.terminate === 'function' && typeof target.join === 'function') {
    return {
      drain: () => {
        target.close();
        return target.join();
      },
      terminate: () => quietly(target.terminate()),
      kill: () => quietly(target.terminate()),
    };
  }
  if (typeof target?.kill === 'function' && 'exitCode' in target) {
    return {
      // A terminal's SIGINT it has had already.
      drain: () => {
        target.kill('SIGTERM');
        return ended(target);
      },
      terminate: () => target.kill('SIGTERM'),
      kill: () => target.kill('SIGKILL'),
    };
  }
  return undefined;
}

/** Its outcome is told by the end of the target. */
function quietly(promise) {
  promise.catch(() => {});
}

function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return undefined;
  return new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
}

function listening(names, listener) {
  for (const name of names) process.on(name, listener);
  const close = () => {
    for (const name of names) process.off(name, listener);
  };
  return { close, [dispose]: close };
}

function checkSignals(call, signals) {
  const names = typeof signals === 'string' ? [signals] : signals;
  if (!Array.isArray(names) || names.length === 0) {
    throw invalidType(call, 'signals', "the name of a signal, as 'SIGTERM', or an array of them", signals);
  }
  for (const [index, name] of names.entries()) {
    const place = names === signals ? `signals[${index}]` : 'signals';
    if (!Object.hasOwn(constants.signals, name)) throw invalidValue(call, place, 'the name of a signal', name);
    if (UNCATCHABLE.has(name)) throw invalidValue(call, place, 'a signal that a program can handle', name);
  }
  return names;
}

function checkTargets(call, name, targets, isOne, what) {
  const list = Array.isArray(targets) ? targets : [targets];
  for (const [index, target] of list.entries()) {
    if (!isOne(target)) throw invalidType(call, `${name}[${index}]`, `a ${what}`, target);
  }
  // The caller may change its array: what is in it counts when the signal comes.
  return list;
}

module.exports = { forwardSignals, stopOnSignals };
