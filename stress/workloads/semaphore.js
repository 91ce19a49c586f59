'use strict';
// Semaphore: never more inside than permits were given; and what its value is when all are still.
//
// A permit has no owner, so one of the dead stays taken. Who was killed inside has left his place on the board: that
// permit is lost for certain, and the parent gives it back at once. Who was killed while he acquired or released may
// have lost one: that is counted, and at the next census, when nobody is at it, the value must be short of PERMITS by
// no more than that. When so many were lost that nobody can go on, the parent adds some, which is counted too.
//
// A second semaphore, *signals*, begins at 0 and is given to only while it is 0, by the parent too when somebody waits;
// and there is one at a time who takes. So nothing but the one release wakes him. Never more are taken than were given.

const { wait } = require('../forms');
const places = require('../places');
const { PHASE, RECORD } = require('../board');
const { Semaphore } = require('../..');

const PERMITS = 3;
const PLACES = 16;
/** How many there may be inside: PERMITS, and those that the parent has added. */
const LIMIT = PLACES;
const GIVEN = PLACES + 1;
const TAKEN = PLACES + 2;
const TAKER = PLACES + 3;
/** Word of a flow's record: 1 while it waits for a signal. */
const WAITS = 0;
/** Looks in a row at which nobody could go on. */
const STUCK = 4;

const open = () => ({
  semaphore: new Semaphore(PERMITS, { name: 'stress semaphore' }),
  signals: new Semaphore(0, { name: 'stress semaphore, signals' }),
});

const waysOf = (semaphore) => ({
  sync: (limit) => semaphore.acquireSync(limit),
  promise: (options) => semaphore.acquire(options),
  attempt: () => semaphore.tryAcquire(),
});

async function step(flow, { semaphore, signals }, words) {
  if (flow.random.chance(0.25)) return signal(flow, signals, words);
  if (!(await wait(flow, waysOf(semaphore)))) return;
  const room = words.subarray(0, Atomics.load(words, LIMIT));
  const place = places.take(flow, room, { heirs: false });
  await flow.work();
  flow.gives();
  places.leave(flow, room, place);
  semaphore.release();
}

async function signal(flow, signals, words) {
  if (flow.random.chance(0.45)) {
    flow.gives();
    return give(signals, words);
  }
  const taker = words.subarray(TAKER, TAKER + 1);
  const place = places.find(flow, taker);
  if (place < 0) return;
  Atomics.store(flow.own, WAITS, 1);
  if (await wait(flow, waysOf(signals))) count(flow, words);
  places.leave(flow, taker, place);
}

function count(flow, words) {
  const taken = Atomics.add(words, TAKEN, 1) + 1;
  const given = Atomics.load(words, GIVEN);
  if (taken > given) flow.fault(`${taken} signals were taken, and ${given} given`);
}

function give(signals, words) {
  if (signals.value > 0) return;
  Atomics.add(words, GIVEN, 1);
  signals.release();
}

function begin({ words, state }) {
  Atomics.store(words, LIMIT, PERMITS);
  Object.assign(state, { uncertain: 0, added: 0, stuck: 0, killed: 0 });
}

function bury({ objects: { semaphore }, words, state }, id, record) {
  state.killed += 1;
  if (places.clear(words.subarray(0, PLACES), id) > 0) semaphore.release();
  else if (Atomics.load(record, RECORD.PHASE) !== PHASE.IDLE) state.uncertain += 1;
}

/** Gives a signal; adds a permit when all are lost. */
function tend({ objects: { semaphore, signals }, words, state, flows, isCalm }) {
  if (flows().some(({ own }) => Atomics.load(own, WAITS) === 1)) give(signals, words);
  const present = flows().filter(({ own }) => Atomics.load(own, WAITS) === 0);
  const isStuck =
    isCalm() &&
    present.length > 0 &&
    semaphore.value === 0 &&
    present.every(({ phase }) => phase === PHASE.ASKS || phase === PHASE.IDLE);
  state.stuck = isStuck ? state.stuck + 1 : 0;
  if (state.stuck < STUCK || state.added === PLACES - PERMITS) return;
  state.added += 1;
  state.stuck = 0;
  // The room before the permit.
  Atomics.add(words, LIMIT, 1);
  semaphore.release();
}

function censusOfSignals({ objects: { signals }, words, state, fault }) {
  const [given, taken] = [GIVEN, TAKEN].map((word) => Atomics.exchange(words, word, 0));
  const { value } = signals;
  const lost = given - taken - value;
  if (lost < 0 || lost > state.killed) {
    fault(`${given} signals were given, ${taken} taken, ${value} are left, and ${state.killed} were killed at it`);
  }
  state.killed = 0;
  while (signals.tryAcquire());
  Atomics.store(words, TAKER, 0);
}

function census(keeper) {
  censusOfSignals(keeper);
  const { objects, words, lives, state, fault } = keeper;
  const { semaphore } = objects;
  const { value } = semaphore;
  const most = PERMITS + state.added;
  const inside = places.taken(words.subarray(0, PLACES));
  if (inside.length > 0) fault(`inside, and nobody should be: ${inside.map((id) => lives.describe(id)).join(', ')}`);
  if (value > most || value < most - state.uncertain) {
    fault(`value ${value} when all are still; ${most} permits, of which at most ${state.uncertain} may be lost`);
  }
  if (value < PERMITS) semaphore.release(PERMITS - value);
  for (let extra = value; extra > PERMITS; extra -= 1) semaphore.tryAcquire();
  if (semaphore.value !== PERMITS) fault(`value ${semaphore.value} after it was made ${PERMITS}`);
  Object.assign(state, { uncertain: 0, added: 0 });
  Atomics.store(words, LIMIT, PERMITS);
}

function describe({ objects: { semaphore, signals }, words, lives, state }) {
  const inside = places.describe(lives, words.subarray(0, PLACES));
  const passed = `${Atomics.load(words, GIVEN)} given, ${Atomics.load(words, TAKEN)} taken`;
  return [
    `value ${semaphore.value}; inside: ${inside || 'nobody'}; ${JSON.stringify(state)}`,
    `signals: value ${signals.value}, ${passed}`,
  ];
}

module.exports = {
  name: 'Semaphore',
  weight: 24,
  words: TAKER + 1,
  open,
  step,
  begin,
  bury,
  tend,
  census,
  describe,
};
