'use strict';
// Latch: all are through at zero, nobody before; and its count is what was not counted down.
//
// A count has no owner: one that the dead would have counted down stays. The parent counts down for them when nothing
// has happened for a while.

const { wait } = require('../forms');
const { Numbered } = require('./numbered');
const { PHASE } = require('../board');
const { Latch } = require('../..');

const COUNT = 4;
/** Counted up before and after each countDown(). */
const [BEGUN, DONE] = [0, 1];
/** The parent's looks at the same count. */
const LOOKS = 2;

const latches = new Numbered({ open: (number) => new Latch(COUNT, { name: `stress latch ${number}` }), own: 2 });

async function step(flow, _objects, words) {
  await latches.withPresent(flow, words, async (latch, own, number) => {
    if (flow.random.chance(0.5)) {
      flow.gives();
      countDown(latch, own);
    }
    check(latch, own, (text) => latches.isPresent(words, number) && flow.fault(text));
    const ways = { sync: (limit) => latch.waitSync(limit), promise: (options) => latch.wait(options) };
    if ((await wait(flow, ways)) && latch.count !== 0) flow.fault(`let through at ${latch.count}`);
  });
}

function countDown(latch, own) {
  Atomics.add(own, BEGUN, 1);
  latch.countDown();
  Atomics.add(own, DONE, 1);
}

/** The count is COUNT without those that were counted down, give or take those that are at it or died at it. */
function check(latch, own, fault) {
  const done = Atomics.load(own, DONE);
  const { count } = latch;
  const begun = Atomics.load(own, BEGUN);
  if (count > COUNT - done && count > 0) fault(`count ${count} after ${done} of ${COUNT} were counted down`);
  if (count < COUNT - begun) fault(`count ${count} after ${begun} of ${COUNT} began to count down`);
}

function begin(keeper) {
  latches.begin(keeper);
  Object.assign(keeper.state, { seen: COUNT, looks: 0 });
}

function tend(keeper) {
  const { words, state, flows, fault } = keeper;
  const latch = state.present;
  const { count } = latch;
  const own = latches.wordsOf(words, Atomics.load(words, 0));
  check(latch, own, fault);
  if (count === 0) {
    latches.advance(keeper);
    Object.assign(state, { seen: COUNT, looks: 0 });
  } else if (count !== state.seen) {
    Object.assign(state, { seen: count, looks: 0 });
  } else if (flows().some(({ phase }) => phase === PHASE.ASKS)) {
    state.looks += 1;
    if (state.looks >= LOOKS) countDown(latch, own);
  }
}

function describe({ words, state }) {
  const number = Atomics.load(words, 0);
  return [`latch ${number}, count ${state.present.count}; begun, done: ${Array.from(latches.wordsOf(words, number))}`];
}

module.exports = {
  name: 'Latch',
  weight: 2,
  words: latches.words,
  open: () => ({}),
  step,
  begin,
  tend,
  end: (keeper) => latches.end(keeper),
  describe,
};
