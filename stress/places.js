'use strict';
// Whether no more are inside than there is room for: a word for each place, 0 or the id of who is in it. A place is taken
// after one has acquired and left before one releases; so who has acquired finds a place, or too many have.

/** Looks before it is certain that there was no place: others come and go meanwhile. */
const LOOKS = 200;

/**
 * @param {import('./flow').Flow} flow
 * @param {Int32Array} places
 * @param {{ heirs: boolean }} options whether the place of the dead is free
 * @returns {number} the place; -1 and a fault when there is none
 */
function take(flow, places, { heirs }) {
  for (let look = 0; look < LOOKS; look += 1) {
    for (let place = 0; place < places.length; place += 1) {
      const seen = Atomics.load(places, place);
      if (seen !== 0 && !(heirs && !flow.lives.isAlive(seen))) continue;
      if (Atomics.compareExchange(places, place, seen, flow.id) === seen) return place;
    }
  }
  flow.fault(`acquired while ${places.length} were inside: ${describe(flow.lives, places)}`);
  return -1;
}

/** The same for who has acquired nothing yet. @returns {number} -1 when all are taken */
function find(flow, places) {
  for (let place = 0; place < places.length; place += 1) {
    const seen = Atomics.load(places, place);
    if (seen !== 0 && flow.lives.isAlive(seen)) continue;
    if (Atomics.compareExchange(places, place, seen, flow.id) === seen) return place;
  }
  return -1;
}

function leave(flow, places, place) {
  if (place < 0) return;
  const seen = Atomics.compareExchange(places, place, flow.id, 0);
  if (seen !== flow.id) flow.fault(`leaves its place, and ${flow.lives.describe(seen)} is in it`);
}

/** The ids that are there. @returns {number[]} */
function taken(places) {
  return Array.from(places, (_, place) => Atomics.load(places, place)).filter((id) => id !== 0);
}

/** What a dead flow has left. @returns {number} how many places it had */
function clear(places, id) {
  let found = 0;
  for (let place = 0; place < places.length; place += 1) {
    if (Atomics.compareExchange(places, place, id, 0) === id) found += 1;
  }
  return found;
}

function describe(lives, places) {
  return taken(places)
    .map((id) => lives.describe(id))
    .join(', ');
}

module.exports = { find, take, leave, taken, clear, describe };
