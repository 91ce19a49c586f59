'use strict';
// RLock: one flow at a time, as often as it likes; it is free when it was released as often.

const exclusion = require('../exclusion');
const { wait } = require('../forms');
const { RLock } = require('../..');

const DEPTH_MAX = 4;

const open = () => ({ rlock: new RLock({ name: 'stress rlock' }) });

async function step(flow, { rlock }, words) {
  const ways = {
    sync: (limit) => rlock.acquireSync(limit),
    promise: (options) => rlock.acquire(options),
    attempt: () => rlock.tryAcquire(),
  };
  if (!(await wait(flow, ways))) return;
  exclusion.enter(flow, words, rlock.abandonedBy);
  const depth = flow.random.between(1, DEPTH_MAX);
  for (let count = 1; count < depth; count += 1) {
    const again = flow.random.chance(0.5) ? rlock.acquireSync() : await rlock.acquire();
    if (again !== true) flow.fault('the owner could not acquire it once more');
    if (rlock.count !== count + 1) flow.fault(`acquired ${count + 1} times, and its count is ${rlock.count}`);
  }
  await flow.work();
  for (let count = depth; count > 1; count -= 1) {
    rlock.release();
    if (rlock.count !== count - 1) flow.fault(`released down to ${count - 1}, and its count is ${rlock.count}`);
    if (!exclusion.isInside(flow, words)) flow.fault('another one came in before the last release');
  }
  await flow.work();
  exclusion.leave(flow, words);
  flow.gives();
  rlock.release();
}

function census({ objects: { rlock }, words, lives, fault }) {
  if (!rlock.tryAcquire()) return fault('nobody is at it, and it cannot be had');
  const killed = exclusion.settle(lives, words, fault);
  if (killed !== 0 && rlock.abandonedBy === null)
    fault(`${lives.describe(killed)} died inside, and nothing tells of it`);
  rlock.release();
  if (rlock.locked) fault('released as often as acquired, and still locked');
}

function describe({ objects: { rlock }, words, lives }) {
  return [exclusion.describe(lives, words), `owner: ${JSON.stringify(rlock.owner)}`];
}

module.exports = { name: 'RLock', weight: 24, words: exclusion.WORDS, open, step, census, describe };
