'use strict';
// Barrier: nobody passes before all have come, everybody gets an index of its own, and who dies breaks it for all.
//
// Parties meet in *sessions*, which the parent arranges: flows wish to take part, and it invites as many as the barrier
// has parties. Each of them then waits ROUNDS times in a row. On the board each says which round it is about to wait in
// (BEGUN) and which it has passed (PASSED): whoever passes round n looks whether all have begun it. A session ends when
// all are through, or broken for all: because one was killed, or because one of them gave up, which the session's plan
// may ask of it. Then the parent resets the barrier.
//
// | word of a flow | is |
// |---|---|
// | WISH | 0; 1 while it wishes to take part; session × 16 + 8 + its number when it is invited |

const { BLOCKING, BLOCKING_LIMITED, PROMISE, PROMISE_LIMITED, SIGNAL, untilAborted } = require('../forms');
const { Random } = require('../random');
const { Barrier, BrokenBarrierError } = require('../..');

const PARTIES = 3;
const ROUNDS_MAX = 40;
/** How long a flow waits to be invited. */
const PATIENCE_MS = 250;

const WISH = 0;
/** Words of the board. SESSION: number × 4 + one of the states below. */
const [SESSION, ROUNDS, SPOILER, SPOILS_IN, SPOILS_HOW, SPOILED, ACTED, BEGUN] = [0, 1, 2, 3, 4, 5, 6, 7];
const PASSED = BEGUN + PARTIES;
const INDICES = PASSED + PARTIES;
const WORDS = INDICES + ROUNDS_MAX;
const [GATHERS, GOES, CANCELLED] = [1, 2, 3];
const WAYS_TO_SPOIL = [BLOCKING_LIMITED, PROMISE_LIMITED, SIGNAL, 'abort', 'reset'];

/** The board's words in this thread, for the action, which is run by whoever comes last. */
let boardWords;

/** The barrier's action: the last party, before anybody passes. */
function act() {
  if (boardWords !== undefined) Atomics.add(boardWords, ACTED, 1);
}

const open = () => ({
  barrier: new Barrier(PARTIES, { name: 'stress barrier', action: { module: __filename, export: 'act' } }),
});

async function step(flow, { barrier }, words) {
  boardWords = words;
  const invitation = await beInvited(flow);
  if (invitation === 0) return;
  try {
    const session = invitation >>> 4;
    while (Atomics.load(words, SESSION) === session * 4 + GATHERS) await turn();
    if (Atomics.load(words, SESSION) === session * 4 + GOES) await meet(flow, barrier, words, invitation & 7);
  } finally {
    Atomics.store(flow.own, WISH, 0);
  }
}

/** @returns {Promise<number>} 0: nobody came in time */
async function beInvited(flow) {
  const { own } = flow;
  flow.asks(1000);
  Atomics.store(own, WISH, 1);
  for (;;) {
    const wish = Atomics.load(own, WISH);
    if (wish > 1) return wish;
    const isOver = flow.waited > PATIENCE_MS || flow.isEnding || flow.isPaused;
    if (isOver && Atomics.compareExchange(own, WISH, 1, 0) === 1) return 0;
    await turn();
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

async function meet(flow, barrier, words, number) {
  const rounds = Atomics.load(words, ROUNDS);
  for (let round = 0; round < rounds; round += 1) {
    const spoils = Atomics.load(words, SPOILER) === number + 1 && Atomics.load(words, SPOILS_IN) === round;
    const form = spoils ? WAYS_TO_SPOIL[Atomics.load(words, SPOILS_HOW)] : plainForm(flow);
    // The intent first: from here on it may be broken by this one.
    if (spoils) Atomics.store(words, SPOILED, 1);
    if (form !== 'reset') Atomics.store(words, BEGUN + number, round + 1);
    let index;
    try {
      index = await wait(flow, barrier, form);
    } catch (error) {
      if (!(error instanceof BrokenBarrierError)) throw error;
      return mayBeBroken(flow, error, words);
    }
    if (index < 0) return;
    flow.holds();
    Atomics.store(words, PASSED + number, round + 1);
    passed(flow, words, round, index);
  }
}

function plainForm(flow) {
  return flow.isAlone && flow.random.chance(0.5) ? BLOCKING : PROMISE;
}

/** @returns {Promise<number>} the index; -1: it was aborted */
async function wait(flow, barrier, form) {
  const limit = flow.random.below(10);
  flow.asks(form === BLOCKING || form === PROMISE ? 0 : limit, typeof form === 'number' ? form : 0);
  switch (form) {
    case BLOCKING:
      return barrier.waitSync();
    case BLOCKING_LIMITED:
      return barrier.waitSync(limit);
    case PROMISE:
      return await barrier.wait();
    case PROMISE_LIMITED:
      return await barrier.wait({ timeout: limit });
    case SIGNAL: {
      const index = await untilAborted(flow, (options) => barrier.wait(options), limit);
      if (index !== false) return index;
      // A signal that is aborted beforehand breaks nothing: the others would wait for ever.
      barrier.abort();
      return -1;
    }
    case 'reset':
      // Those that wait fail. The others come to an empty barrier and must not pass, since this one does not come.
      barrier.reset();
      await turn();
      barrier.abort();
      return -1;
    default:
      barrier.abort();
      return -1;
  }
}

function passed(flow, words, round, index) {
  for (let party = 0; party < PARTIES; party += 1) {
    const begun = Atomics.load(words, BEGUN + party);
    if (begun <= round) flow.fault(`passed round ${round + 1} of a session in which party ${party} has begun ${begun}`);
  }
  if (!(index >= 0 && index < PARTIES)) flow.fault(`index ${index} of ${PARTIES} parties`);
  const others = Atomics.or(words, INDICES + round, 1 << index);
  if (others & (1 << index)) flow.fault(`index ${index} was given twice in round ${round + 1}`);
  const acted = Atomics.load(words, ACTED);
  if (acted <= round) flow.fault(`passed round ${round + 1} after ${acted} actions`);
}

/** A barrier breaks for a reason. */
function mayBeBroken(flow, { deadParty }, words) {
  if (deadParty === undefined) {
    if (Atomics.load(words, SPOILED) === 0) flow.fault('the barrier was broken, and nobody gave up or died');
  } else if (deadParty.pid !== null && !flow.lives.wasDoomed(deadParty.pid)) {
    flow.fault(`the barrier was broken by process ${deadParty.pid}, which nobody has killed`);
  }
}

function begin({ state }) {
  Object.assign(state, { number: 0, invited: [], dead: 0 });
}

function bury({ state }, id) {
  if (state.invited.some((other) => other.id === id)) state.dead += 1;
  state.invited = state.invited.filter((other) => other.id !== id);
}

/** Ends the session that is over, and arranges the next. */
function tend(keeper) {
  const { words, state, isPaused, flows } = keeper;
  state.invited = state.invited.filter(({ own }) => Atomics.load(own, WISH) > 1);
  if (state.invited.length > 0) return;
  const isGoing = (Atomics.load(words, SESSION) & 3) === GOES;
  if (isGoing) account(keeper);
  Atomics.store(words, SESSION, 0);
  if (isPaused()) return;
  const wishing = flows().filter(({ own, id }) => Atomics.load(own, WISH) === 1 && keeper.lives.isSafe(id));
  if (wishing.length < PARTIES) return;
  arrange(keeper, wishing.slice(0, PARTIES));
}

function arrange({ objects: { barrier }, words, state, seed, fault }, wishing) {
  const random = new Random(seed, 'barrier', state.number);
  // Those that were killed while they waited stand in it until somebody looks.
  if (barrier.broken || state.dead > 0 || random.chance(0.2)) barrier.reset();
  if (barrier.waiting !== 0) fault(`${barrier.waiting} parties wait in a barrier that nobody is at`);
  state.number += 1;
  state.dead = 0;
  words.fill(0, BEGUN, WORDS);
  for (const word of [SPOILER, SPOILED, ACTED]) Atomics.store(words, word, 0);
  const rounds = random.between(1, ROUNDS_MAX);
  Atomics.store(words, ROUNDS, rounds);
  if (random.chance(0.2)) {
    Atomics.store(words, SPOILS_IN, random.below(rounds));
    Atomics.store(words, SPOILS_HOW, random.below(WAYS_TO_SPOIL.length));
    Atomics.store(words, SPOILER, 1 + random.below(PARTIES));
  }
  Atomics.store(words, SESSION, state.number * 4 + GATHERS);
  const invite = ({ own }, number) => Atomics.compareExchange(own, WISH, 1, state.number * 16 + 8 + number) === 1;
  state.invited = wishing.filter(invite);
  const isComplete = state.invited.length === PARTIES;
  Atomics.store(words, SESSION, state.number * 4 + (isComplete ? GOES : CANCELLED));
}

/** After a session: nobody has passed a round that another one never began. */
function account({ words, fault }) {
  const numbers = (start) => Array.from({ length: PARTIES }, (_, party) => Atomics.load(words, start + party));
  const [begun, through] = [numbers(BEGUN), numbers(PASSED)];
  const report = `begun ${begun}, passed ${through} of ${Atomics.load(words, ROUNDS)} rounds`;
  if (Math.max(...through) > Math.min(...begun)) fault(`a round was passed before all had come: ${report}`);
}

function census({ objects: { barrier }, fault }) {
  barrier.reset();
  if (barrier.waiting !== 0) fault(`reset, and ${barrier.waiting} parties wait`);
}

function describe({ objects: { barrier }, words, state }) {
  return [
    `${barrier.waiting} of ${barrier.parties} parties wait, broken: ${barrier.broken}; board: ${Array.from(words)}`,
    `${state.number} sessions, ${state.invited.length} of the last one's parties are still in it`,
  ];
}

module.exports = { name: 'Barrier', weight: 4, words: WORDS, open, step, begin, bury, tend, census, describe, act };
