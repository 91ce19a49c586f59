'use strict';
// Hand over hand around a ring of locks: a walker acquires the next one before it releases the one that it has, so each
// step waits for the walker ahead, and whoever stands behind is woken by nobody else. A wake-up that is lost stops them
// all, where a lock that everybody wants would soon be released by the next. One ring for each kind of exclusion.
//
// There is one walker less than a ring has locks, so somebody can always go on. Walkers have a place on the board; what
// the dead had is free.

const exclusion = require('../exclusion');
const { BLOCKING, PROMISE } = require('../forms');
const places = require('../places');
const { BoundedSemaphore, Lock, RLock, RwLock } = require('../..');

const LOCKS = 3;
const WALKERS = LOCKS - 1;
const STEPS_MAX = 40;

const plainly = {
  acquire: (lock) => lock.acquire(),
  acquireSync: (lock) => lock.acquireSync(),
  release: (lock) => lock.release(),
};
const RINGS = [
  { name: 'Lock', make: (name) => new Lock({ name }), ...plainly },
  { name: 'RLock', make: (name) => new RLock({ name }), ...plainly },
  {
    name: 'RwLock',
    make: (name) => new RwLock({ name }),
    acquire: (lock, reads) => (reads ? lock.acquireRead() : lock.acquireWrite()),
    acquireSync: (lock, reads) => (reads ? lock.acquireReadSync() : lock.acquireWriteSync()),
    release: (lock, reads) => (reads ? lock.releaseRead() : lock.releaseWrite()),
    mayRead: true,
  },
  { name: 'BoundedSemaphore', make: (name) => new BoundedSemaphore(1, { name }), ...plainly },
];
/** Words of a ring: the walkers' places, then those of each lock. */
const RING_WORDS = WALKERS + LOCKS * exclusion.WORDS;

const keyOf = (ring, lock) => `${ring}:${lock}`;

function open() {
  const objects = {};
  for (const [ring, { name, make }] of RINGS.entries()) {
    for (let lock = 0; lock < LOCKS; lock += 1) objects[keyOf(ring, lock)] = make(`stress relay ${name} ${lock}`);
  }
  return objects;
}

const placesOf = (words, ring) => words.subarray(ring * RING_WORDS, ring * RING_WORDS + WALKERS);
function wordsOf(words, ring, lock) {
  const start = ring * RING_WORDS + WALKERS + lock * exclusion.WORDS;
  return words.subarray(start, start + exclusion.WORDS);
}

async function step(flow, objects, words) {
  const ring = flow.random.below(RINGS.length);
  const room = placesOf(words, ring);
  const place = places.find(flow, room);
  if (place < 0) return;
  const blocks = flow.isAlone && flow.random.chance(0.7);
  const stepTo = (lock) => {
    const reads = RINGS[ring].mayRead === true && flow.random.chance(0.4);
    return { ring, lock, reads, object: objects[keyOf(ring, lock)], own: wordsOf(words, ring, lock) };
  };
  let stand = stepTo(flow.random.below(LOCKS));
  await take(flow, stand, blocks);
  for (let steps = flow.random.between(1, STEPS_MAX); steps > 0; steps -= 1) {
    const next = stepTo((stand.lock + 1) % LOCKS);
    await take(flow, next, blocks);
    give(flow, stand);
    stand = next;
    if (flow.random.chance(0.1)) await flow.work();
  }
  give(flow, stand);
  places.leave(flow, room, place);
}

async function take(flow, { ring, reads, object, own }, blocks) {
  const { acquire, acquireSync, mayRead } = RINGS[ring];
  flow.asks(0, blocks ? BLOCKING : PROMISE);
  const acquired = blocks ? acquireSync(object, reads) : await acquire(object, reads);
  if (acquired !== true) flow.fault('a wait without a limit gave up');
  flow.holds();
  // Where there are readers, it may be one of them that was told of a death (rw_lock.js).
  if (!reads) return exclusion.enter(flow, own, mayRead ? (object.abandonedBy ?? undefined) : object.abandonedBy);
  const writer = Atomics.load(own, exclusion.INSIDE);
  if (writer !== 0 && flow.lives.isAlive(writer)) flow.fault(`reads while ${flow.lives.describe(writer)} writes`);
  if (writer !== 0) exclusion.forget(own, writer);
}

function give(flow, { ring, reads, object, own }) {
  if (!reads) exclusion.leave(flow, own);
  flow.gives();
  RINGS[ring].release(object, reads);
}

function census({ objects, words, lives, fault }) {
  for (const [ring, { name, release }] of RINGS.entries()) {
    for (const id of places.taken(placesOf(words, ring))) {
      if (lives.isAlive(id)) fault(`${lives.describe(id)} walks, and nobody should`);
      places.clear(placesOf(words, ring), id);
    }
    for (let lock = 0; lock < LOCKS; lock += 1) {
      const object = objects[keyOf(ring, lock)];
      if (!(object.tryAcquire?.() ?? object.tryAcquireWrite())) {
        fault(`nobody walks, and ${name} ${lock} cannot be had`);
        continue;
      }
      exclusion.settle(lives, wordsOf(words, ring, lock), fault);
      release(object);
    }
  }
}

function describe({ objects, words, lives }) {
  return RINGS.flatMap(({ name }, ring) => {
    const locks = Array.from({ length: LOCKS }, (_, lock) => {
      const object = objects[keyOf(ring, lock)];
      const owner = JSON.stringify(object.owner ?? object.writer ?? object.value);
      return `${name} ${lock}: ${owner}; ${exclusion.describe(lives, wordsOf(words, ring, lock))}`;
    });
    return [`walking: ${places.describe(lives, placesOf(words, ring)) || 'nobody'}`, ...locks];
  });
}

module.exports = { name: 'relay', weight: 24, words: RINGS.length * RING_WORDS, open, step, census, describe };
