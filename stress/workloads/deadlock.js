'use strict';
// Deadlocks: threads that block for two locks in any order never hang, and every DeadlockError is real.
//
// A flow says in its record which locks it has (HAS, a bit for each, set after it has one and cleared before it releases)
// and which one it blocks for (WANTS). Who gets the error still has his first lock, so the others of the circle stand
// still: what they say must be what the error says. Only flows that are alone in their thread block; the others take
// both locks with a time limit, which closes no circle.

const exclusion = require('../exclusion');
const { DeadlockError, Lock } = require('../..');
const { RECORD } = require('../board');

const LOCKS = 2;
const [HAS, WANTS] = [0, 1];
const FOUND = LOCKS * exclusion.WORDS;
const LIMIT_MS = 10;

const nameOf = (lock) => `stress deadlock ${lock}`;
const open = () =>
  Object.fromEntries(Array.from({ length: LOCKS }, (_, lock) => [lock, new Lock({ name: nameOf(lock) })]));
const wordsOf = (words, lock) => words.subarray(lock * exclusion.WORDS, (lock + 1) * exclusion.WORDS);

async function step(flow, locks, words) {
  const order = flow.random.shuffled([...Array(LOCKS).keys()]).slice(0, 2);
  const taken = [];
  for (const lock of order) {
    let acquired;
    try {
      acquired = await acquire(flow, locks, lock);
    } catch (error) {
      if (!(error instanceof DeadlockError)) throw error;
      flow.holds();
      Atomics.add(words, FOUND, 1);
      if (taken.length === 0) flow.fault(`a deadlock of who has nothing: ${error.message}`);
      else isReal(flow, error);
      acquired = false;
    }
    Atomics.store(flow.own, WANTS, 0);
    if (!acquired) break;
    flow.holds();
    exclusion.enter(flow, wordsOf(words, lock), locks[lock].abandonedBy);
    Atomics.or(flow.own, HAS, 1 << lock);
    taken.push(lock);
    await flow.work();
  }
  flow.gives();
  for (const lock of flow.random.shuffled(taken)) {
    exclusion.leave(flow, wordsOf(words, lock));
    Atomics.and(flow.own, HAS, ~(1 << lock));
    locks[lock].release();
  }
}

function acquire(flow, locks, lock) {
  if (!flow.isAlone) {
    flow.asks(LIMIT_MS);
    return locks[lock].acquire({ timeout: LIMIT_MS });
  }
  flow.asks(0);
  Atomics.store(flow.own, WANTS, lock + 1);
  return locks[lock].acquireSync();
}

function isReal(flow, { cycle, message }) {
  const named = (text) => cycle.length > 0 && Number(/^lock "stress deadlock (\d)"$/.exec(text)?.[1] ?? -1);
  const flows = flow.atTheSame();
  const found = cycle.map(({ pid, threadId, holds, waitsFor }) => {
    const other = flows.find(
      ({ id, record }) => flow.lives.pidOf(id) === pid && Atomics.load(record, RECORD.THREAD) === threadId,
    );
    const [has, wants] = other ? [Atomics.load(other.own, HAS), Atomics.load(other.own, WANTS)] : [0, 0];
    return { pid, id: other?.id, has, wants, holds: named(holds), waitsFor: named(waitsFor) };
  });
  // Afterwards: when one of them may have been killed, the others may have gone on since.
  if (found.some(({ id, pid }) => (id === undefined ? flow.lives.wasDoomed(pid) : !flow.lives.isSafe(id)))) return;
  const isStated = found.every(
    ({ has, wants, holds, waitsFor }) => (has & (1 << holds)) !== 0 && wants === waitsFor + 1,
  );
  const isCircle = found.every(({ waitsFor }, index) => waitsFor === found[(index + 1) % found.length].holds);
  if (found.length < 2 || !isCircle || !isStated || !found.some(({ id }) => id === flow.id)) {
    flow.fault(`no real deadlock: ${message}; on the board: ${JSON.stringify(found)}`);
  }
}

function census({ objects: locks, words, lives, fault }) {
  for (const lock of Array(LOCKS).keys()) {
    if (!locks[lock].tryAcquire()) {
      fault(`nobody is at it, and lock ${lock} cannot be had`);
      continue;
    }
    exclusion.settle(lives, wordsOf(words, lock), fault);
    locks[lock].release();
  }
}

function finish({ words, fault, operations }) {
  const found = Atomics.load(words, FOUND);
  if (operations > 2000 && found === 0) fault(`${operations} times two locks in any order, and no deadlock was found`);
  return `${found} deadlocks found`;
}

function describe({ objects: locks, words, lives }) {
  return Array.from({ length: LOCKS }, (_, lock) => {
    const owner = JSON.stringify(locks[lock].owner);
    return `lock ${lock}: owner ${owner}; ${exclusion.describe(lives, wordsOf(words, lock))}`;
  });
}

module.exports = {
  name: 'deadlock',
  weight: 16,
  words: FOUND + 1,
  open,
  step,
  census,
  finish,
  describe,
};
