'use strict';
// Lock: one at a time, and who gets it from the dead is told.

const exclusion = require('../exclusion');
const { wait } = require('../forms');
const { Lock } = require('../..');

const open = () => ({ lock: new Lock({ name: 'stress lock' }) });

async function step(flow, { lock }, words) {
  const ways = {
    sync: (limit) => lock.acquireSync(limit),
    promise: (options) => lock.acquire(options),
    attempt: () => lock.tryAcquire(),
  };
  if (!(await wait(flow, ways))) return;
  exclusion.enter(flow, words, lock.abandonedBy);
  await flow.work();
  exclusion.leave(flow, words);
  flow.gives();
  lock.release();
}

/** Nobody is at it: it is free, or of somebody who died. */
function census({ objects: { lock }, words, lives, fault }) {
  if (!lock.tryAcquire()) return fault('nobody is at it, and it cannot be had');
  const killed = exclusion.settle(lives, words, fault);
  if (killed !== 0 && lock.abandonedBy === null)
    fault(`${lives.describe(killed)} died inside, and nothing tells of it`);
  lock.release();
}

function describe({ objects: { lock }, words, lives }) {
  return [exclusion.describe(lives, words), `owner: ${JSON.stringify(lock.owner)}`];
}

module.exports = { name: 'Lock', weight: 40, words: exclusion.WORDS, open, step, census, describe };
