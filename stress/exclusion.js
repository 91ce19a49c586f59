'use strict';
// Whether no two are inside at the same time. Every mutual exclusion is checked by this, with four words:
//
// | word | is |
// |---|---|
// | INSIDE | the id of who is inside, written after it has acquired and cleared before it releases |
// | BEGUN, DONE | counted up without atomics when one comes in, and when one is about to leave |
//
// Who comes in and finds an id there asks whether that one lives: then two are inside. Else it was killed inside, and
// what was acquired must say so (`abandonedBy`). BEGUN and DONE differ only when somebody was killed between the two: so
// they show whether the writes of one holder are seen by the next, and that nobody writes who is not inside.

const WORDS = 3;
const [INSIDE, BEGUN, DONE] = [0, 1, 2];

/**
 * @param {import('./flow').Flow} flow
 * @param {Int32Array} words
 * @param {{ pid: number | null } | null | undefined} abandonedBy as the object says; undefined when it does not say
 */
function enter(flow, words, abandonedBy) {
  const before = Atomics.exchange(words, INSIDE, flow.id);
  if (before !== 0) {
    const { lives } = flow;
    if (lives.isAlive(before)) flow.fault(`came in while ${lives.describe(before)} was inside`);
    else if (abandonedBy === null) flow.fault(`${lives.describe(before)} was killed inside, and abandonedBy is null`);
  } else if (words[BEGUN] !== words[DONE]) {
    flow.fault(`${words[BEGUN]} have begun and ${words[DONE]} are done, and nobody was inside`);
  }
  if (abandonedBy && abandonedBy.pid !== null && !flow.lives.wasDoomed(abandonedBy.pid)) {
    flow.fault(`abandonedBy is process ${abandonedBy.pid}, which nobody has killed`);
  }
  words[BEGUN] += 1;
}

function leave(flow, words) {
  words[DONE] = words[BEGUN];
  const inside = Atomics.compareExchange(words, INSIDE, flow.id, 0);
  if (inside !== flow.id) flow.fault(`leaves, and ${flow.lives.describe(inside)} is inside`);
}

/** Whether that flow is the one inside. */
function isInside(flow, words) {
  return Atomics.load(words, INSIDE) === flow.id;
}

/** Somebody was killed inside, and who comes next is none that goes in. @returns {boolean} whether it was still there */
function forget(words, id) {
  words[DONE] = words[BEGUN];
  return Atomics.compareExchange(words, INSIDE, id, 0) === id;
}

/** While nobody does anything: clears what the dead have left. @returns {number} the id of who was killed inside, or 0 */
function settle(lives, words, fault) {
  const inside = Atomics.load(words, INSIDE);
  if (inside !== 0 && lives.isAlive(inside)) fault(`${lives.describe(inside)} is inside, and nobody should be`);
  if (inside === 0 && words[BEGUN] !== words[DONE]) fault(`${words[BEGUN]} have begun and ${words[DONE]} are done`);
  Atomics.store(words, INSIDE, 0);
  words[DONE] = words[BEGUN];
  return inside;
}

function describe(lives, words) {
  return `inside: ${lives.describe(Atomics.load(words, INSIDE))}; ${words[BEGUN]} have come, ${words[DONE]} have left`;
}

module.exports = { WORDS, INSIDE, enter, leave, isInside, forget, settle, describe };
