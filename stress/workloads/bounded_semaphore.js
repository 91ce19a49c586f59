'use strict';
// BoundedSemaphore: never more living holders than permits, and the permits of the dead come back by themselves. Two of
// them: one with a single permit, which is a mutual exclusion, and one with several.

const exclusion = require('../exclusion');
const { wait } = require('../forms');
const places = require('../places');
const { BoundedSemaphore } = require('../..');

const BOUND = 3;

const open = () => ({
  single: new BoundedSemaphore(1, { name: 'stress bounded semaphore of 1' }),
  several: new BoundedSemaphore(BOUND, { name: `stress bounded semaphore of ${BOUND}` }),
});

const waysOf = (semaphore) => ({
  sync: (limit) => semaphore.acquireSync(limit),
  promise: (options) => semaphore.acquire(options),
  attempt: () => semaphore.tryAcquire(),
});

async function step(flow, { single, several }, words) {
  if (flow.random.chance(0.4)) return stepOfSingle(flow, single, words);
  if (!(await wait(flow, waysOf(several)))) return;
  const room = words.subarray(exclusion.WORDS);
  const place = places.take(flow, room, { heirs: true });
  await flow.work();
  places.leave(flow, room, place);
  flow.gives();
  several.release();
}

async function stepOfSingle(flow, single, words) {
  if (!(await wait(flow, waysOf(single)))) return;
  exclusion.enter(flow, words, undefined);
  await flow.work();
  exclusion.leave(flow, words);
  flow.gives();
  single.release();
}

function census({ objects: { single, several }, words, lives, fault }) {
  if (single.value !== 1) fault(`nobody is at the one of 1, and its value is ${single.value}`);
  if (several.value !== BOUND) fault(`nobody is at the one of ${BOUND}, and its value is ${several.value}`);
  exclusion.settle(lives, words, fault);
  for (const id of places.taken(words.subarray(exclusion.WORDS))) {
    if (lives.isAlive(id)) fault(`${lives.describe(id)} is inside, and nobody should be`);
    places.clear(words.subarray(exclusion.WORDS), id);
  }
}

function describe({ objects: { single, several }, words, lives }) {
  const inside = places.describe(lives, words.subarray(exclusion.WORDS));
  return [
    `of 1: value ${single.value}; ${exclusion.describe(lives, words)}`,
    `of ${BOUND}: value ${several.value}; inside: ${inside || 'nobody'}`,
  ];
}

module.exports = {
  name: 'BoundedSemaphore',
  weight: 24,
  words: exclusion.WORDS + BOUND,
  open,
  step,
  census,
  describe,
};
