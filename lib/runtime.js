'use strict';
// This thread's link to the native runtime: opened on first use, and the place where its events arrive.

const { isMainThread, parentPort } = require('node:worker_threads');
const native = require('./binding');
const { onceAborted } = require('./aborts');
const { invalidValue } = require('./arguments');
const { AbortError, MultiprocError } = require('./errors');
const role = require('./process/role');
const { DONE } = require('./sync/outcome');

// The kinds of events; src/binding/runtime.rs has the same numbers.
const EVENT_WAIT = 1;
const EVENT_CHANNEL = 2;
const EVENT_CHANNEL_END = 3;
const EVENT_CHILD_EXIT = 4;
const EVENT_POOL = 5;
const EVENT_DEADLOCK = 6;
const EVENT_DESCRIPTOR = 7;

/** The outcome of a wait that would never have ended. */
const DEADLOCK = -5;
/** In place of a timeout: none, but the wait may end by other means than others' doing. */
const MAY_BE_ABORTED = -2;
/** None, and whatever happens it is seen through: who waits cannot go on without. */
const SEEN_THROUGH = -3;

/** A wait's outcome: the shared memory was overwritten. The others are for who waits (lib/sync/outcome.js). */
const OVERWRITTEN = -6;

let instance;
let environment;
/** @type {Map<number, (outcome: number) => void>} */
const waits = new Map();
/** @type {Map<number, { readable(): void, ended(): void }>} */
const channels = new Map();
/** @type {Map<number, (status: number) => void>} */
const children = new Map();
/** @type {Map<number, () => void>} */
const pools = new Map();
/** Each is told once. @type {Map<number, () => void>} */
const descriptors = new Map();

/** Opens the domain and this thread's runtime, once. @returns {number} the number of this registration */
function open() {
  if (instance !== undefined) return instance;
  if (role.isForkServer) throw tooEarly();
  instance = native.register(dispatch);
  environment = native.domainInfo();
  applyPolicy(process.env.MULTIPROC_DEADLOCK);
  if (process.env.MULTIPROC_LOCKDEP === '1') native.keepOrders();
  tellChildren();
  return instance;
}

/** Children that are started by other means find the domain through us, for as long as we live. Nothing before open(). */
function tellChildren() {
  if (environment === undefined) return;
  process.env[environment.holderVariable] = environment.holderValue;
  delete process.env[environment.descriptorVariable];
}

/** Its copies would all be the same member of the domain. */
function tooEarly() {
  return new MultiprocError(
    'ERR_MULTIPROC_BOOTSTRAP',
    'a preloaded module made a shared object, or started a process, while it was loaded by the fork server; ' +
      'do that inside a function, or give the object to the process as an argument',
  );
}

/** What is done about deadlocks in this process. The environment's policy is that of the whole family. */
const POLICIES = ['off', 'warn', 'throw'];

function applyPolicy(policy) {
  if (POLICIES.includes(policy)) native.setDeadlockPolicy(POLICIES.indexOf(policy));
}

/** @param {'off' | 'warn' | 'throw'} policy */
function setDeadlockPolicy(policy) {
  if (!POLICIES.includes(policy)) {
    throw invalidValue('setDeadlockPolicy()', 'policy', `one of '${POLICIES.join("', '")}'`, policy);
  }
  open();
  applyPolicy(policy);
}

/** For those who look for what keeps a program from its end, as test runners do: this never does by itself. */
dispatch.hasRef = () => false;

function dispatch(kind, id, value) {
  switch (kind) {
    case EVENT_WAIT:
      return waits.get(id)?.(value);
    case EVENT_CHANNEL:
      return channels.get(id)?.readable();
    case EVENT_CHANNEL_END:
      return channels.get(id)?.ended();
    case EVENT_CHILD_EXIT:
      return children.get(id)?.(value);
    case EVENT_POOL:
      return pools.get(id)?.();
    case EVENT_DESCRIPTOR: {
      const ready = descriptors.get(id);
      descriptors.delete(id);
      return ready?.();
    }
    case EVENT_DEADLOCK:
      return process.emitWarning(`deadlock: ${native.takeDeadlockWarning()?.text}`, {
        type: 'DeadlockWarning',
        code: 'ERR_MULTIPROC_DEADLOCK',
      });
  }
}

/**
 * Waits without blocking the thread.
 *
 * @param {(instance: number, timeout: number) => number} begin starts the wait; below zero, it has ended already
 * @param {number} timeout milliseconds, -1 for ever, SEEN_THROUGH
 * @param {AbortSignal | undefined} signal
 * @param {import('./sync/closing').Closing | undefined} closing of the object that is waited for
 * @returns {Promise<number>} the outcome, as src/binding/arguments.rs numbers them
 */
function wait(begin, timeout, signal, closing) {
  if (signal?.aborted) return Promise.reject(new AbortError(signal.reason));
  if (closing?.isClosed) return Promise.reject(closing.error());
  const endsOtherwise = timeout === -1 && (signal !== undefined || hears());
  const id = begin(open(), endsOtherwise ? MAY_BE_ABORTED : timeout);
  if (id < 0) return Promise.resolve(id);
  return new Promise((resolve, reject) => {
    const takeBack = (makeError) => {
      const outcome = native.cancelWait(id);
      // 0: the wait has just succeeded, and its event is on the way.
      if (outcome === 0) return;
      waits.delete(id);
      forget();
      // Done: it was passed or notified in the same moment, which cannot be undone.
      if (outcome === DONE) resolve(outcome);
      else reject(makeError());
    };
    const ends = [];
    if (signal !== undefined) ends.push(onceAborted(signal, () => takeBack(() => new AbortError(signal.reason))));
    if (closing !== undefined) ends.push(closing.onceClosed(() => takeBack(() => closing.error())));
    const forget = () => {
      for (const end of ends) end();
    };
    waits.set(id, (outcome) => {
      waits.delete(id);
      forget();
      if (outcome === DEADLOCK) reject(native.deadlockError());
      else if (outcome === OVERWRITTEN) reject(verdict());
      else resolve(outcome);
    });
  });
}

/** Why the domain is not trusted any more. */
function verdict() {
  try {
    native.checkDomain();
  } catch (error) {
    return error;
  }
}

/**
 * Calls `ready` once, when a descriptor of the addon's is ready.
 *
 * @param {(instance: number) => number} begin starts the wait, and gives its number
 * @param {() => void} ready
 * @returns {number} what `forgetDescriptor` takes
 */
function awaitDescriptor(begin, ready) {
  const id = begin(open());
  descriptors.set(id, ready);
  return id;
}

function forgetDescriptor(id) {
  if (descriptors.delete(id)) native.forgetDescriptor(id);
}

/**
 * Whether a message may come by a channel that the event loop does not tell of, as it does not keep it alive: somebody
 * listens to it, and has unreferenced it. (While it is referenced, the loop has other work anyway.)
 */
function hears() {
  const { channel } = process;
  if (channel && channel.hasRef?.() !== true && process.listenerCount('message') > 0) return true;
  return !isMainThread && (parentPort?.listenerCount('message') ?? 0) > 0;
}

native.noteLoopAtStart(process.channel?.fd ?? -1);

module.exports = {
  SEEN_THROUGH,
  open,
  tellChildren,
  wait,
  awaitDescriptor,
  forgetDescriptor,
  setDeadlockPolicy,
  channels,
  children,
  pools,
  instance: open,
};
