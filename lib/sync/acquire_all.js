'use strict';
// acquireAll(): several locks, all of them or none, in one order that is the same in all processes. Whoever takes what
// he needs by this alone is in no deadlock.

const { checkTimeout, invalidType, invalidValue } = require('../arguments');
const { dispose } = require('../dispose');
const { KIND } = require('../travel');
const { deadline } = require('./deadline');
const flows = require('./flow');
const { acquireAs, acquireSyncAs, releaseAs } = require('./ownership');
const { open, pin, typeOf, unpin, waitOptions } = require('./shared_object');

/** What takes an object of each kind, (object, flow, timeout, signal), and gives it back, (native object, flow, object). */
const plainly = {
  acquire: (object, _flow, timeout, signal) => object.acquire({ timeout, signal }),
  acquireSync: (object, _flow, timeout) => object.acquireSync(timeout),
};
const WAYS = new Map([
  [KIND.lock, { ...plainly, release: (lock) => lock.lockRelease() }],
  [KIND.semaphore, { ...plainly, release: (semaphore) => semaphore.semaphoreRelease(1) }],
  [KIND.boundedSemaphore, { ...plainly, release: (semaphore) => semaphore.permitsRelease() }],
  [
    KIND.rlock,
    {
      acquire: (rlock, flow, timeout, signal) => rlock[acquireAs](flow, timeout ?? -1, signal),
      acquireSync: (rlock, flow, timeout) => rlock[acquireSyncAs](flow, timeout ?? -1),
      release: (shared, flow, rlock) => rlock[releaseAs](shared, flow),
    },
  ],
  [
    KIND.rwLock,
    {
      acquire: (rwLock, _flow, timeout, signal) => rwLock.acquireWrite({ timeout, signal }),
      acquireSync: (rwLock, _flow, timeout) => rwLock.acquireWriteSync(timeout),
      release: (rwLock) => rwLock.rwRelease(true),
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
    giveBack(parts, parts.length, this.#flow);
  }

  [dispose]() {
    this.release();
  }
}

async function acquireAll(list, options) {
  const { limit, signal } = waitOptions('acquireAll()', options);
  const parts = inOrder('acquireAll()', list);
  // The caller is in its flow before the first await: afterwards nothing of this function reaches it.
  const own = flows.current();
  const flow = own ?? (parts.some(isReentrant) ? flows.enterPending() : undefined);
  const left = deadline(limit);
  let taken = 0;
  try {
    for (const { way, object } of parts) {
      if (!(await way.acquire(object, flow, timeoutOf(left()), signal))) return giveBack(parts, taken, flow);
      taken += 1;
    }
  } catch (error) {
    giveBack(parts, taken, flow);
    throw error;
  } finally {
    if (own === undefined && flow !== undefined) flow.isPending = false;
  }
  return new Holding(parts, flow);
}

function acquireAllSync(list, timeout) {
  const limit = checkTimeout('acquireAllSync()', timeout);
  const parts = inOrder('acquireAllSync()', list);
  const own = flows.current();
  const flow = own ?? (parts.some(isReentrant) ? new flows.Flow() : undefined);
  const left = deadline(limit);
  let taken = 0;
  try {
    for (const { way, object } of parts) {
      if (!way.acquireSync(object, flow, timeoutOf(left()))) return giveBack(parts, taken, flow);
      taken += 1;
    }
  } catch (error) {
    giveBack(parts, taken, flow);
    throw error;
  }
  if (own === undefined && flow !== undefined) flows.enter(flow);
  return new Holding(parts, flow);
}

function isReentrant({ kind }) {
  return kind === KIND.rlock;
}

function timeoutOf(left) {
  return left < 0 ? undefined : left;
}

/**
 * Gives back the first `taken` of the parts, the last one first, and has no more to do with any of them. What others have
 * released meanwhile must not keep the rest.
 *
 * @returns {false}
 */
function giveBack(parts, taken, flow) {
  let failure;
  for (const [position, { way, object, shared }] of [...parts.entries()].reverse()) {
    try {
      if (position < taken) way.release(shared, flow, object);
    } catch (error) {
      failure ??= error;
    }
    unpin(object);
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
    return { object, kind, way, index, generation, position };
  });
  parts.sort((left, right) => left.index - right.index || left.generation - right.generation);
  for (const [position, part] of parts.entries()) {
    const before = parts[position - 1];
    if (before?.index === part.index && before.generation === part.generation)
      throw invalidValue(call, `list[${part.position}]`, `another object than list[${before.position}]`, part.object);
  }
  // All of them are open, and nothing comes between.
  for (const part of parts) part.shared = pin(part.object, 'acquire');
  return parts;
}

module.exports = { acquireAll, acquireAllSync };
