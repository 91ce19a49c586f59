'use strict';
// Once: one at a time does it, it is done once, and who comes later finds it done.

const exclusion = require('../exclusion');
const { BLOCKING, BLOCKING_LIMITED, PROMISE, PROMISE_LIMITED, SIGNAL, untilAborted } = require('../forms');
const { Numbered } = require('./numbered');
const { Once } = require('../..');

/** Who has done it, written at its very end. */
const DOER = exclusion.WORDS;

const onces = new Numbered({ open: (number) => new Once({ name: `stress once ${number}` }), own: exclusion.WORDS + 1 });

class Failed extends Error {}

async function step(flow, _objects, words) {
  await onces.withPresent(flow, words, async (once, own, number) => {
    const fails = flow.random.chance(0.15);
    // What ran after its number had passed was another object of the same name: see numbered.js.
    const isPresent = () => onces.isPresent(words, number);
    let result;
    try {
      result = await attempt(flow, once, run(flow, once, own, fails, isPresent));
    } catch (error) {
      if (error instanceof Failed) return;
      if (error.code === 'ABORT_ERR' && error.cause?.name === 'TimeoutError') return;
      throw error;
    }
    if (result === undefined) return;
    flow.holds();
    if (!isPresent()) return;
    if (!once.done) flow.fault(`run() gave ${result}, and it is not done`);
    if (Atomics.load(own, DOER) === 0) flow.fault(`run() gave ${result}, and nobody has done it`);
  });
}

/** What is to be done once, in both forms. */
function run(flow, once, own, fails, isPresent) {
  const begin = () => {
    flow.holds();
    if (isPresent()) exclusion.enter(flow, own, once.abandonedBy);
  };
  const finish = () => {
    if (!exclusion.isInside(flow, own)) {
      if (isPresent()) flow.fault('another one does it as well');
    } else if (fails) {
      exclusion.leave(flow, own);
    } else {
      const before = Atomics.exchange(own, DOER, flow.id);
      if (before !== 0 && flow.lives.isAlive(before)) flow.fault(`done again after ${flow.lives.describe(before)}`);
      exclusion.leave(flow, own);
    }
    flow.gives();
    if (fails) throw new Failed();
  };
  return {
    sync() {
      begin();
      flow.workSync();
      finish();
    },
    async promise() {
      begin();
      await flow.work();
      finish();
    },
  };
}

/** @returns {Promise<boolean | undefined>} what run() gave; undefined: its time was over, or it was aborted */
async function attempt(flow, once, fn) {
  const forms = flow.isAlone ? [BLOCKING, BLOCKING_LIMITED, PROMISE, PROMISE_LIMITED, SIGNAL] : [PROMISE, SIGNAL];
  const form = flow.random.pick(forms);
  const limit = flow.random.below(10);
  const isUnlimited = form === BLOCKING || form === PROMISE;
  flow.asks(isUnlimited ? 0 : limit, form);
  switch (form) {
    case BLOCKING:
      return once.runSync(fn.sync);
    case BLOCKING_LIMITED:
      return once.runSync(fn.sync, limit);
    case PROMISE:
      return once.run(fn.promise);
    case PROMISE_LIMITED:
      return once.run(fn.promise, { timeout: limit });
    default: {
      let aborted = true;
      const result = await untilAborted(
        flow,
        async (options) => {
          const done = await once.run(fn.promise, options);
          aborted = false;
          return done;
        },
        limit,
      );
      return aborted ? undefined : result;
    }
  }
}

function tend(keeper) {
  if (keeper.state.present.done) onces.advance(keeper);
}

function describe({ words, state, lives }) {
  const number = Atomics.load(words, 0);
  const own = onces.wordsOf(words, number);
  const doer = lives.describe(Atomics.load(own, DOER));
  return [`once ${number}, done: ${state.present.done} by ${doer}; ${exclusion.describe(lives, own)}`];
}

module.exports = {
  name: 'Once',
  weight: 10,
  words: onces.words,
  open: () => ({}),
  step,
  begin: (keeper) => onces.begin(keeper),
  tend,
  end: (keeper) => onces.end(keeper),
  describe,
};
