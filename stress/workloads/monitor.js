'use strict';
// Monitor: one at a time, and what one has waited for is so when one goes on. A store of items: some put, some take.
//
// A notification dies with whom it was given to, so the parent fills the store when somebody has waited for a while.

const exclusion = require('../exclusion');
const { wait } = require('../forms');
const { Monitor } = require('../..');

const ITEMS = exclusion.WORDS;
const ROOM = 8;
const LOOKS = 2;

const open = () => ({ monitor: new Monitor({ name: 'stress monitor' }) });

async function step(flow, { monitor }, words) {
  const takes = flow.random.chance(0.55);
  const ways = {
    sync: (limit) => monitor.runSync(() => (takes ? takeSync : put)(flow, monitor, words), limit),
    promise: (options) => monitor.run(() => (takes ? take : put)(flow, monitor, words), options),
  };
  await wait(flow, ways);
}

function come(flow, monitor, words) {
  exclusion.enter(flow, words, monitor.abandonedBy);
}

function put(flow, monitor, words) {
  flow.holds();
  come(flow, monitor, words);
  const items = Atomics.load(words, ITEMS);
  if (items < 0 || items > ROOM) flow.fault(`${items} items in a store for ${ROOM}`);
  flow.workSync();
  Atomics.store(words, ITEMS, Math.min(items + 1, ROOM));
  const told = flow.random.chance(0.8) ? monitor.notify() : monitor.notifyAll();
  if (!(told >= 0)) flow.fault(`notified ${told}`);
  exclusion.leave(flow, words);
  flow.gives();
  return true;
}

/** Looks under the lock, which the wait gives back in between. */
function predicate(flow, monitor, words) {
  return () => {
    come(flow, monitor, words);
    const isThere = Atomics.load(words, ITEMS) > 0;
    exclusion.leave(flow, words);
    return isThere;
  };
}

const drawLimit = (flow) => (flow.random.chance(0.6) ? undefined : flow.random.below(15));

function takeSync(flow, monitor, words) {
  flow.holds();
  const limit = drawLimit(flow);
  flow.asks(limit ?? 0);
  taken(flow, monitor, words, monitor.waitForSync(predicate(flow, monitor, words), limit), limit);
  return true;
}

async function take(flow, monitor, words) {
  flow.holds();
  const limit = drawLimit(flow);
  flow.asks(limit ?? 0);
  const options = limit === undefined ? {} : { timeout: limit };
  taken(flow, monitor, words, await monitor.waitFor(predicate(flow, monitor, words), options), limit);
  return true;
}

function taken(flow, monitor, words, isThere, limit) {
  flow.holds();
  come(flow, monitor, words);
  const items = Atomics.load(words, ITEMS);
  if (isThere && items <= 0) flow.fault(`waited for an item, and there are ${items}`);
  if (!isThere && limit === undefined) flow.fault('a wait without a limit gave up');
  if (isThere) Atomics.store(words, ITEMS, items - 1);
  exclusion.leave(flow, words);
  flow.gives();
}

function begin({ state }) {
  state.looks = 0;
}

function tend({ objects: { monitor }, words, state, later }) {
  state.looks = monitor.waiting > 0 ? state.looks + 1 : 0;
  if (state.looks < LOOKS) return;
  later(async (flow) => {
    flow.asks(0);
    await monitor.run(() => {
      flow.holds();
      come(flow, monitor, words);
      Atomics.store(words, ITEMS, ROOM);
      monitor.notifyAll();
      exclusion.leave(flow, words);
      flow.gives();
    });
  });
}

function census({ objects: { monitor }, words, lives, fault }) {
  if (monitor.waiting !== 0) fault(`nobody is at it, and ${monitor.waiting} wait`);
  const isFree = monitor.runSync(() => {
    exclusion.settle(lives, words, fault);
    return true;
  }, 0);
  if (!isFree) fault('nobody is at it, and it cannot be had');
}

function describe({ objects: { monitor }, words, lives }) {
  return [`${monitor.waiting} wait, ${Atomics.load(words, ITEMS)} items; ${exclusion.describe(lives, words)}`];
}

module.exports = {
  name: 'Monitor',
  weight: 6,
  words: exclusion.WORDS + 1,
  open,
  step,
  begin,
  tend,
  census,
  describe,
};
