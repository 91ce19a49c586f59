'use strict';
// Condition: who waits is woken by a notification that was given to one who waits, by no other; and holds the lock then.
// Two of them: one over a Lock, one with the re-entrant lock that it makes itself.
//
// Everything here is under the condition's lock. NOTIFIED is how many notifications were given, RETURNED how many waits
// have ended by one: never more than were given. GIVING is what a notifier is about to give; when it is killed before it
// has counted them, who holds the lock next counts them all.
//
// A flow that waits without a limit says so in its record (THERE) before it begins: under the lock it cannot be anywhere
// but in the condition. So of those that live, a notification for n reaches n, or all that have not got one yet.
//
// A notified waiter that is killed takes its notification with it, and a notifier that is killed gives none: so the
// parent notifies all when somebody has waited for a while.

const exclusion = require('../exclusion');
const { wait } = require('../forms');
const { Condition, Lock } = require('../..');

const [GIVING, NOTIFIED, RETURNED] = [0, 1, 2];
const OWN = exclusion.WORDS + 3;
const NAMES = ['plain', 'own'];
/** Word of a flow's record: 1 + the number of the condition in which it waits without a limit. */
const THERE = 0;
/** The parent's looks at somebody who waits. */
const LOOKS = 2;

const open = () => ({
  plain: new Condition(new Lock({ name: 'stress condition, its lock' }), { name: 'stress condition over a lock' }),
  own: new Condition(undefined, { name: 'stress condition' }),
});

const wordsOf = (words, number) => {
  const all = words.subarray(number * OWN, (number + 1) * OWN);
  return { inside: all.subarray(0, exclusion.WORDS), counts: all.subarray(exclusion.WORDS) };
};

async function step(flow, objects, words) {
  const number = flow.random.below(NAMES.length);
  const condition = objects[NAMES[number]];
  const ways = {
    sync: (limit) => condition.acquireSync(limit),
    promise: (options) => condition.acquire(options),
    attempt: () => condition.tryAcquire(),
  };
  if (!(await wait(flow, ways))) return;
  const own = wordsOf(words, number);
  enter(flow, condition, own);
  if (flow.random.chance(0.5)) await waitIn(flow, condition, own, number);
  else notify(flow, condition, own, number);
  await flow.work();
  exclusion.leave(flow, own.inside);
  flow.gives();
  condition.release();
}

function enter(flow, { lock }, { inside, counts }) {
  exclusion.enter(flow, inside, lock.abandonedBy);
  Atomics.add(counts, NOTIFIED, Atomics.exchange(counts, GIVING, 0));
}

async function waitIn(flow, condition, own, number) {
  const ways = {
    sync: (limit) => condition.waitSync(limit),
    promise: (options) => condition.wait(options),
    before(isUnlimited) {
      if (isUnlimited) Atomics.store(flow.own, THERE, number + 1);
      exclusion.leave(flow, own.inside);
    },
  };
  const notified = await wait(flow, ways);
  flow.holds();
  enter(flow, condition, own);
  Atomics.store(flow.own, THERE, 0);
  if (!notified) return;
  const returned = Atomics.add(own.counts, RETURNED, 1) + 1;
  const given = Atomics.load(own.counts, NOTIFIED);
  if (returned > given) flow.fault(`${returned} waits were ended by ${given} notifications`);
}

function notify(flow, condition, { counts }, number) {
  const all = flow.random.chance(0.3);
  const count = all ? condition.waiting : flow.random.between(1, 3);
  const underWay = Atomics.load(counts, NOTIFIED) - Atomics.load(counts, RETURNED);
  const there = flow
    .atTheSame()
    .filter((other) => Atomics.load(other.own, THERE) === number + 1 && flow.isStill(other));
  const before = condition.waiting;
  Atomics.store(counts, GIVING, count);
  const given = all ? condition.notifyAll() : condition.notify(count);
  Atomics.add(counts, NOTIFIED, given);
  Atomics.store(counts, GIVING, 0);
  const after = condition.waiting;
  // Some may have given up besides; none can have come.
  if (after > before - given) flow.fault(`${before} waited, ${given} were notified, and ${after} wait`);
  // Afterwards: who is safe now was so all the time.
  const safe = there.filter(({ id }) => flow.lives.isSafe(id)).length;
  const least = Math.min(all ? safe : count, safe - underWay);
  if (given > count) flow.fault(`notified ${given} of ${count}`);
  if (given < least) flow.fault(`notified ${given} for ${count}, while ${safe} waited and ${underWay} had been told`);
}

function begin({ state }) {
  state.looks = NAMES.map(() => 0);
}

function tend({ objects, words, state, later }) {
  for (const [number, name] of NAMES.entries()) {
    const condition = objects[name];
    state.looks[number] = condition.waiting > 0 ? state.looks[number] + 1 : 0;
    if (state.looks[number] >= LOOKS) later((flow) => notifyAll(flow, condition, wordsOf(words, number)));
  }
}

async function notifyAll(flow, condition, own) {
  flow.asks(0);
  await condition.acquire();
  flow.holds();
  enter(flow, condition, own);
  Atomics.store(own.counts, GIVING, condition.waiting);
  Atomics.add(own.counts, NOTIFIED, condition.notifyAll());
  Atomics.store(own.counts, GIVING, 0);
  exclusion.leave(flow, own.inside);
  flow.gives();
  condition.release();
}

function census({ objects, words, lives, fault }) {
  for (const [number, name] of NAMES.entries()) {
    const condition = objects[name];
    const { inside, counts } = wordsOf(words, number);
    if (condition.waiting !== 0) fault(`nobody is at it, and ${condition.waiting} wait`);
    if (!condition.tryAcquire()) {
      fault('nobody is at it, and its lock cannot be had');
      continue;
    }
    exclusion.settle(lives, inside, fault);
    counts.fill(0);
    condition.release();
  }
}

function end({ objects }) {
  for (const name of NAMES) objects[name].lock.close();
}

function describe({ objects, words, lives }) {
  return NAMES.map((name, number) => {
    const { inside, counts } = wordsOf(words, number);
    const { waiting, lock } = objects[name];
    const figures = `giving, notified, returned: ${Array.from(counts)}`;
    return `${name}: ${waiting} wait, owner ${JSON.stringify(lock.owner)}; ${figures}; ${exclusion.describe(lives, inside)}`;
  });
}

module.exports = {
  name: 'Condition',
  weight: 6,
  words: NAMES.length * OWN,
  open,
  step,
  begin,
  tend,
  census,
  end,
  describe,
};
