'use strict';
// acquireAll(): all of several things or none, whatever their order in the list, and no deadlock; beside others that
// take a single one of them.

const exclusion = require('../exclusion');
const { wait } = require('../forms');
const { BoundedSemaphore, Lock, RLock, RwLock, acquireAll, acquireAllSync } = require('../..');

/** In the order of their words. `owner`: who has it, as far as it tells. */
const PARTS = [
  { name: 'lock', owner: (lock) => lock.owner },
  { name: 'rlock', owner: (rlock) => rlock.owner },
  { name: 'rwLock', owner: (rwLock) => rwLock.writer },
  { name: 'single', owner: () => null },
];
const WORDS = PARTS.length * exclusion.WORDS;

const open = () => ({
  lock: new Lock({ name: 'stress all: lock' }),
  rlock: new RLock({ name: 'stress all: rlock' }),
  rwLock: new RwLock({ name: 'stress all: rwlock' }),
  single: new BoundedSemaphore(1, { name: 'stress all: bounded semaphore' }),
});

const wordsOf = (words, part) => words.subarray(part * exclusion.WORDS, (part + 1) * exclusion.WORDS);

async function step(flow, objects, words) {
  const order = flow.random.shuffled([...PARTS.keys()]);
  if (flow.random.chance(0.3)) await one(flow, objects, words, order[0]);
  else await several(flow, objects, words, order.slice(0, flow.random.between(2, PARTS.length)));
}

async function several(flow, objects, words, parts) {
  const list = parts.map((part) => objects[PARTS[part].name]);
  let holding;
  const keep = (result) => {
    holding = result;
    return result !== false;
  };
  const ways = {
    sync: (limit) => keep(acquireAllSync(list, limit)),
    promise: async (options) => keep(await acquireAll(list, options)),
  };
  if (!(await wait(flow, ways))) {
    for (const part of parts) isNotMine(flow, objects, part);
    return;
  }
  for (const part of parts) enter(flow, objects, words, part);
  await flow.work();
  for (const part of parts) exclusion.leave(flow, wordsOf(words, part));
  flow.gives();
  holding.release();
}

async function one(flow, objects, words, part) {
  const object = objects[PARTS[part].name];
  const isRw = PARTS[part].name === 'rwLock';
  const ways = {
    sync: (limit) => (isRw ? object.acquireWriteSync(limit) : object.acquireSync(limit)),
    promise: (options) => (isRw ? object.acquireWrite(options) : object.acquire(options)),
    attempt: () => (isRw ? object.tryAcquireWrite() : object.tryAcquire()),
  };
  if (!(await wait(flow, ways))) return;
  enter(flow, objects, words, part);
  await flow.work();
  exclusion.leave(flow, wordsOf(words, part));
  flow.gives();
  if (isRw) object.releaseWrite();
  else object.release();
}

/** Who got some and gave them back since it did not get all may have been told of the dead: the next one is not. */
function enter(flow, objects, words, part) {
  exclusion.enter(flow, wordsOf(words, part), objects[PARTS[part].name].abandonedBy ?? undefined);
}

/** None was kept. Other flows of the same thread may have it. */
function isNotMine(flow, objects, part) {
  const owner = PARTS[part].owner(objects[PARTS[part].name]);
  if (flow.isAlone && owner?.pid === process.pid && owner.threadId === flow.threadId) {
    flow.fault(`did not get all, and holds the ${PARTS[part].name}`);
  }
}

function census({ objects: { lock, rlock, rwLock, single }, words, lives, fault }) {
  const holding = acquireAllSync([lock, rlock, rwLock, single], 0);
  if (holding === false) return fault('nobody is at it, and all of it cannot be had');
  for (const part of PARTS.keys()) exclusion.settle(lives, wordsOf(words, part), fault);
  holding.release();
  if (single.value !== 1) fault(`released, and the semaphore's value is ${single.value}`);
}

function describe({ objects, words, lives }) {
  return PARTS.map(({ name, owner }, part) => {
    const who = JSON.stringify(owner(objects[name]));
    return `${name}: owner ${who}; ${exclusion.describe(lives, wordsOf(words, part))}`;
  });
}

module.exports = { name: 'acquireAll', weight: 20, words: WORDS, open, step, census, describe };
