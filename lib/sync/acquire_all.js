'use strict';
// acquireAll(): several locks, all of them or none, in one order that is the same in all processes. Whoever takes what
// he needs by this alone is in no deadlock.

const { checkTimeout, invalidType, invalidValue } = require('../arguments');
const { dispose } = require('../dispose');
const { KIND } = require('../travel');
const { deadline } = require('./deadline');
const flows = require('./flow');
const { acquireAs, acquireSyncAs, releaseAs } = require('./ownership');
const { open, typeOf, waitOptions } = require('./shared_object');

/** What takes and gives back an object of each kind: (object, flow, limit, signal). */
const plainly = {
  acquire: (object, _flow, timeout, signal) => object.acquire({ timeout, signal }),
  acquireSync: (object, _flow, timeout) => object.acquireSync(timeout),
  release: (object) => object.release(),
};
const WAYS = new Map([
  [KIND.lock, plainly],
  [KIND.semaphore, plainly],
  [KIND.boundedSemaphore, plainly],
  [
    KIND.rlock,
    {
      acquire: (rlock, flow, timeout, signal) => rlock[acquireAs](flow, timeout ?? -1, signal),
      acquireSync: (rlock, flow, timeout) => rlock[acquireSyncAs](flow, timeout ?? -1),
      release: (rlock, flow) => rlock[releaseAs](flow),
    },
  ],
  [
    KIND.rwLock,
    {
      acquire: (rwLock, _flow, timeout, signal) => rwLock.acquireWrite({ timeout, signal }),
      acquireSync: (rwLock, _flow, timeout) => rwLock.acquireWriteSync(timeout),
      release: (rwLock) => rwLock.releaseWrite(),
    },
  ],
]);

/** What acquireAll() has acquired. */
class Holding {
  #parts;
  #flow;

  constructor(parts, flow) {
    this.#parts = parts;
    this.#flow = flow;
  }

  release() {
    const parts = this.#parts;
    this.#parts = [];
    giveBack(parts, this.#flow);
  }

  [dispose]() {
    this.release();
  }
}

async function acquireAll(list, options) {
  const call = 'acquireAll()';
  const { limit, signal } = waitOptions(call, options);
  const parts = inOrder(call, list);
  const own = flowFor(parts);
  // The caller is in its flow before the first await: afterwards nothing of this function reaches it.
  const flow = own === undefined && parts.some(isReentrant) ? flows.enterPending() : own;
  const left = deadline(limit);
  const taken = [];
  try {
    for (const part of parts) {
      if (!(await part.way.acquire(part.object, flow, timeoutOf(left()), signal))) return giveBack(taken, flow);
      taken.push(part);
    }
  } catch (error) {
    giveBack(taken, flow);
    throw error;
  } finally {
    if (own === undefined && flow !== undefined) flow.isPending = false;
  }
  return new Holding(taken, flow);
}

function acquireAllSync(list, timeout) {
  const call = 'acquireAllSync()';
  const limit = checkTimeout(call, timeout);
  const parts = inOrder(call, list);
  const own = flowFor(parts);
  const flow = own ?? new flows.Flow();
  const left = deadline(limit);
  const taken = [];
  try {
    for (const part of parts) {
      if (!part.way.acquireSync(part.object, flow, timeoutOf(left()))) return giveBack(taken, flow);
      taken.push(part);
    }
  } catch (error) {
    giveBack(taken, flow);
    throw error;
  }
  if (own === undefined && parts.some(isReentrant)) flows.enter(flow);
  return new Holding(taken, flow);
}

/** The caller's flow, if it matters. */
function flowFor(parts) {
  return parts.some(isReentrant) ? flows.current() : undefined;
}

function isReentrant({ kind }) {
  return kind === KIND.rlock;
}

function timeoutOf(left) {
  return left < 0 ? undefined : left;
}

/** Last taken, first given back. What was released by others meanwhile must not keep the rest. @returns {false} */
function giveBack(parts, flow) {
  let failure;
  for (const { way, object } of [...parts].reverse()) {
    try {
      way.release(object, flow);
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return false;
}

function inOrder(call, list) {
  if (!Array.isArray(list)) throw invalidType(call, 'list', 'an array', list);
  const parts = list.map((object, position) => {
    const kind = typeOf(object)?.kind;
    const way = WAYS.get(kind);
    if (way === undefined) {
      throw invalidType(call, `list[${position}]`, 'a Lock, RLock, Semaphore, BoundedSemaphore or RwLock', object);
    }
    const [index, generation] = open(object, 'acquire').identity();
    return { object, kind, way, index, generation };
  });
  parts.sort((left, right) => left.index - right.index || left.generation - right.generation);
  for (const [position, part] of parts.entries()) {
    const before = parts[position - 1];
    if (before?.index === part.index && before.generation === part.generation)
      throw invalidValue(call, 'list', 'different objects', list);
  }
  return parts;
}

module.exports = { acquireAll, acquireAllSync };
