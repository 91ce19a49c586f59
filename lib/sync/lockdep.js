'use strict';
// MULTIPROC_LOCKDEP=1: tells of the first inversion of lock order, even if nothing hung: somebody has taken A and then B,
// and this flow takes B and then A. The orders that were seen are in shared memory (src/sync/order.rs), so they may be of
// different processes, and of different times.
//
// The methods of the classes are replaced when the package is loaded, and only when the variable is set: otherwise none
// of this costs anything. What a flow holds is known by lib/sync/flow.js, which makes every await cost more.

const native = require('../binding');
const flows = require('./flow');
const { open } = require('./shared_object');

/** What this thread holds, by identity. @type {Map<string, Array<{ flow: object, index: number, generation: number }>>} */
const holds = new Map();
let isTold = false;
let isFull = false;

/** @param {Record<string, Function>} classes Lock, RLock, RwLock */
function install({ Lock, RLock, RwLock }) {
  watch(Lock, 'acquire', 'acquireSync', 'tryAcquire', 'release');
  watch(RwLock, 'acquireRead', 'acquireReadSync', 'tryAcquireRead', 'releaseRead');
  watch(RwLock, 'acquireWrite', 'acquireWriteSync', 'tryAcquireWrite', 'releaseWrite');
  watch(RLock, 'acquire', 'acquireSync', 'tryAcquire', 'release', true);
  for (const method of ['run', 'runSync']) {
    watchRun(RLock, method, true);
    watchRun(Lock, method, false);
  }
  for (const method of ['read', 'readSync', 'write', 'writeSync']) watchRun(RwLock, method, false);
}

/** `entersItself`: the class has flows of its own, which a call has entered when it returns. */
function watch(Class, acquire, acquireSync, tryAcquire, release, entersItself = false) {
  replace(
    Class,
    acquire,
    (original) =>
      function acquireWatched(options) {
        ask(this);
        const own = flows.current();
        if (entersItself) {
          const acquired = original.call(this, options);
          return noted(acquired, this, flows.entered());
        }
        const flow = own ?? flows.enterPending();
        const acquired = noted(original.call(this, options), this, flow);
        if (own === undefined)
          acquired.then(
            () => settle(flow),
            () => settle(flow),
          );
        return acquired;
      },
  );
  const now = (asks) => (original) =>
    function acquireNowWatched(timeout) {
      if (asks) ask(this);
      const acquired = original.call(this, timeout);
      if (acquired) note(this, entersItself ? flows.entered() : ownFlow());
      return acquired;
    };
  replace(Class, acquireSync, now(true));
  // It does not wait, so it can be part of no circle; but what it takes is held.
  replace(Class, tryAcquire, now(false));
  replace(
    Class,
    release,
    (original) =>
      function releaseWatched() {
        original.call(this);
        forget(this);
      },
  );
}

/**
 * What gives back by itself after `fn`. `acquiresItself`: it does not acquire by the method that is watched either, and
 * calls `fn` in the flow that holds the lock.
 */
function watchRun(Class, method, acquiresItself) {
  replace(
    Class,
    method,
    (original) =>
      function runWatched(fn, limit) {
        if (typeof fn !== 'function') return original.call(this, fn, limit);
        if (acquiresItself) ask(this);
        const held = () => {
          if (acquiresItself) note(this, flows.entered());
          return whenDone(fn, () => forget(this));
        };
        return original.call(this, held, limit);
      },
  );
}

function whenDone(fn, then) {
  let result;
  try {
    result = fn();
  } catch (error) {
    then();
    throw error;
  }
  if (typeof result?.then === 'function') return Promise.resolve(result).finally(then);
  then();
  return result;
}

function replace(Class, method, make) {
  const original = Class.prototype[method];
  const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, method);
  Object.defineProperty(Class.prototype, method, { ...descriptor, value: make(original) });
}

function settle(flow) {
  flow.isPending = false;
}

function ownFlow() {
  const flow = flows.current();
  if (flow !== undefined) return flow;
  const fresh = new flows.Flow();
  flows.enter(fresh);
  return fresh;
}

/** Registered before the caller can await it, so that it is noted when the caller goes on. */
function noted(acquired, object, flow) {
  acquired.then(
    (isHeld) => isHeld && note(object, flow),
    () => {},
  );
  return acquired;
}

function note(object, flow) {
  if (flow === undefined) return;
  const [index, generation] = open(object, 'acquire').identity();
  const key = `${index}:${generation}`;
  if (!holds.has(key)) holds.set(key, []);
  holds.get(key).push({ flow, index, generation });
  flow.locks += 1;
}

function forget(object) {
  let key;
  try {
    key = open(object, 'release').identity().join(':');
  } catch {
    return;
  }
  const all = holds.get(key);
  if (all === undefined) return;
  const flow = flows.entered();
  // Any thread or flow may release a Lock: then it is the oldest hold that ends.
  const position = Math.max(
    0,
    all.findLastIndex((hold) => hold.flow === flow),
  );
  all.splice(position, 1)[0].flow.locks -= 1;
  if (all.length === 0) holds.delete(key);
}

/** The caller asks for the lock: after all that its flow holds. */
function ask(object) {
  const flow = flows.current();
  if (flow === undefined) return;
  const [index, generation] = open(object, 'acquire').identity();
  for (const all of holds.values()) {
    const held = all.find((hold) => hold.flow === flow);
    if (held === undefined || (held.index === index && held.generation === generation)) continue;
    const finding = native.recordOrder(held.index, held.generation, index, generation);
    if (finding !== null && finding !== undefined) tell(finding);
  }
}

function tell({ inversion, full }) {
  if (full && !isFull) {
    isFull = true;
    warn('the table of lock orders is full: inversions of orders that are new from now on are not found');
  }
  if (!inversion || isTold) return;
  isTold = true;
  const steps = inversion.map(({ from, to, pid }) => `${from} before ${to}${pid === 0 ? '' : ` (process ${pid})`}`);
  const { from: wanted } = inversion[0];
  const { to: has } = inversion.at(-1);
  warn(
    `lock order inversion: this flow of process ${process.pid} holds ${has} and takes ${wanted}, ` +
      `but the opposite order was seen as well: ${steps.join(', then ')}. Take them in one order everywhere, or with acquireAll().`,
  );
}

function warn(message) {
  const warning = new Error(message);
  warning.name = 'LockOrderWarning';
  warning.code = 'MULTIPROC_LOCKDEP';
  Error.captureStackTrace(warning, ask);
  process.emitWarning(warning);
}

module.exports = { install };
