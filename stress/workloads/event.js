'use strict';
// Event: no waiter that is there misses a set, and nobody wakes without one. Two of them.
//
// *pulse* is set and cleared at once, always: a waiter that is there must wake all the same. *level* stays set until all
// that waited for it have left, so that nothing but that one set can wake them; then the parent clears it. The parent
// pulses, and sets, while anybody waits: so each wait without a limit must end soon.
//
// Woken for nothing? SET is counted up before each set. CLEARED is what SET was before the last clear by one who has
// done all of its sets; so when both are equal the event is not set, and a wait that begins then ends only after SET has
// grown.

const { wait } = require('../forms');
const { PHASE } = require('../board');
const { Event } = require('../..');

/** Word of a flow's record: 1 while it waits for *level*. */
const WAITS = 0;
const [PULSES, PULSED, SET, CLEARED] = [0, 1, 2, 3];
const WORDS = 4;
/** The parent's looks between two of its deeds. */
const LOOKS = 2;

const open = () => ({
  pulse: new Event({ name: 'stress event, pulsed' }),
  level: new Event({ name: 'stress event, set' }),
});

async function step(flow, { pulse, level }, words) {
  const kind = flow.random.below(100);
  if (kind < 40) await waitFor(flow, pulse, words, PULSES, PULSED);
  else if (kind < 80) {
    Atomics.store(flow.own, WAITS, 1);
    await waitFor(flow, level, words, SET, CLEARED);
  } else if (kind < 92) pulseOnce(flow, pulse, words);
  else set(flow, level, words);
}

async function waitFor(flow, event, words, done, undone) {
  const cleared = Atomics.load(words, undone);
  const isClear = Atomics.load(words, done) === cleared;
  const ways = { sync: (limit) => event.waitSync(limit), promise: (options) => event.wait(options) };
  const happened = await wait(flow, ways);
  if (happened && isClear && Atomics.load(words, done) === cleared) flow.fault('woke though nobody has set it');
}

function pulseOnce(flow, pulse, words) {
  flow.gives();
  Atomics.add(words, PULSES, 1);
  pulse.set();
  pulse.clear();
  Atomics.add(words, PULSED, 1);
}

function set(flow, level, words) {
  if (level.isSet) return;
  flow.gives();
  Atomics.add(words, SET, 1);
  level.set();
}

function begin({ state }) {
  state.looks = 0;
}

/** Killed between set and clear, perhaps. That PULSED stays behind turns one check off until the next census. */
function bury({ objects: { pulse } }) {
  pulse.clear();
}

function tend({ objects: { pulse, level }, words, state, flows }) {
  state.looks += 1;
  if (state.looks % LOOKS !== 0 || !flows().some(({ phase }) => phase === PHASE.ASKS)) return;
  Atomics.add(words, PULSES, 1);
  pulse.set();
  pulse.clear();
  Atomics.add(words, PULSED, 1);
  const present = flows().filter(({ own }) => Atomics.load(own, WAITS) === 1);
  if (!level.isSet) {
    Atomics.add(words, SET, 1);
    level.set();
    state.waited = undefined;
  } else if (state.waited === undefined) {
    // Whoever comes from now on finds it set. Told apart by what they do: an operation has a number of its own.
    state.waited = present.map(({ id, operation }) => `${id}:${operation}`);
  } else if (!present.some(({ id, operation }) => state.waited.includes(`${id}:${operation}`))) {
    clear(level, words);
    state.waited = undefined;
  }
}

function clear(level, words) {
  const sets = Atomics.load(words, SET);
  level.clear();
  // A set that was announced and is done later leaves SET greater, or is not known to be over.
  if (Atomics.load(words, SET) === sets) Atomics.store(words, CLEARED, sets);
}

function census({ objects: { pulse, level }, words, fault }) {
  pulse.clear();
  Atomics.store(words, PULSED, Atomics.load(words, PULSES));
  clear(level, words);
  if (pulse.isSet || level.isSet) fault('cleared, and still set');
}

function describe({ objects: { pulse, level }, words }) {
  return [`pulse ${pulse.isSet}, level ${level.isSet}; pulses, pulsed, set, cleared: ${Array.from(words)}`];
}

module.exports = { name: 'Event', weight: 2, words: WORDS, open, step, begin, bury, tend, census, describe };
