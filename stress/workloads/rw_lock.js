'use strict';
// RwLock: never a writer beside anybody, readers beside each other.
//
// A reader takes a place on the board and then looks for a writer, a writer writes its id and then looks for readers: of
// two that are inside at the same time at least one sees the other.
//
// What a killed writer left goes to whoever comes next, and that one is told. It may be a reader, and others may come in
// beside it: so it is counted how often the mark of a dead writer was found (FOUND) and how often one was told (TOLD). A
// finding that nobody was told of is one too many, unless who was told has been killed before it could count.

const exclusion = require('../exclusion');
const { wait } = require('../forms');
const places = require('../places');
const { PHASE, RECORD } = require('../board');
const { RwLock } = require('../..');

/** More than there are flows. */
const READERS = 40;
/** How often a reader found another one beside it. */
const TOGETHER = exclusion.WORDS + READERS;
const FOUND = TOGETHER + 1;
const TOLD = TOGETHER + 2;
/** Word of a flow's record: 1 when it has said whether it was told. */
const HAS_TOLD = 0;

const open = () => ({ rwLock: new RwLock({ name: 'stress rwlock' }) });
const roomOf = (words) => words.subarray(exclusion.WORDS, exclusion.WORDS + READERS);

async function step(flow, { rwLock }, words) {
  if (flow.random.chance(0.6)) return read(flow, rwLock, words);
  const ways = {
    sync: (limit) => rwLock.acquireWriteSync(limit),
    promise: (options) => rwLock.acquireWrite(options),
    attempt: () => rwLock.tryAcquireWrite(),
  };
  if (!(await wait(flow, ways))) return;
  tell(flow, rwLock, words);
  const before = Atomics.load(words, exclusion.INSIDE);
  if (before !== 0 && !flow.lives.isAlive(before)) Atomics.add(words, FOUND, 1);
  // By counting, whether it had to be told.
  exclusion.enter(flow, words, rwLock.abandonedBy ?? undefined);
  for (const id of places.taken(roomOf(words))) {
    if (flow.lives.isAlive(id)) flow.fault(`writes while ${flow.lives.describe(id)} reads`);
    places.clear(roomOf(words), id);
  }
  await flow.work();
  exclusion.leave(flow, words);
  if (flow.random.chance(0.7)) {
    flow.gives();
    return rwLock.releaseWrite();
  }
  rwLock.downgrade();
  await beside(flow, rwLock, words);
}

async function read(flow, rwLock, words) {
  const ways = {
    sync: (limit) => rwLock.acquireReadSync(limit),
    promise: (options) => rwLock.acquireRead(options),
    attempt: () => rwLock.tryAcquireRead(),
  };
  if (!(await wait(flow, ways))) return;
  tell(flow, rwLock, words);
  await beside(flow, rwLock, words);
}

/** Counts that it was told, if it was; from then on its death makes no difference to the count. */
function tell(flow, { abandonedBy }, words) {
  if (abandonedBy !== null) Atomics.add(words, TOLD, 1);
  Atomics.store(flow.own, HAS_TOLD, 1);
}

/** As a reader. */
async function beside(flow, rwLock, words) {
  const room = roomOf(words);
  const place = places.take(flow, room, { heirs: true });
  noWriter(flow, words);
  if (places.taken(room).length > 1) Atomics.add(words, TOGETHER, 1);
  await flow.work();
  noWriter(flow, words);
  places.leave(flow, room, place);
  flow.gives();
  rwLock.releaseRead();
}

function noWriter(flow, words) {
  const writer = Atomics.load(words, exclusion.INSIDE);
  if (writer === 0) return;
  if (flow.lives.isAlive(writer)) flow.fault(`reads while ${flow.lives.describe(writer)} writes`);
  else if (exclusion.forget(words, writer)) Atomics.add(words, FOUND, 1);
}

function begin({ state }) {
  state.killed = 0;
}

function bury({ state }, _id, record) {
  const hasTold = Atomics.load(record, RECORD.OWN + HAS_TOLD) === 1;
  if (Atomics.load(record, RECORD.PHASE) !== PHASE.IDLE && !hasTold) state.killed += 1;
}

function census({ objects: { rwLock }, words, lives, state, fault }) {
  if (rwLock.readers !== 0) fault(`nobody is at it, and it has ${rwLock.readers} readers`);
  if (!rwLock.tryAcquireWrite()) return fault('nobody is at it, and it cannot be had');
  if (exclusion.settle(lives, words, fault) !== 0) Atomics.add(words, FOUND, 1);
  if (rwLock.abandonedBy !== null) Atomics.add(words, TOLD, 1);
  const [found, told] = [FOUND, TOLD].map((word) => Atomics.exchange(words, word, 0));
  if (found > told + state.killed) {
    fault(`${found} had died writing, ${told} were told of it, and ${state.killed} were killed meanwhile`);
  }
  state.killed = 0;
  for (const id of places.taken(roomOf(words))) {
    if (lives.isAlive(id)) fault(`${lives.describe(id)} reads, and nobody should`);
    places.clear(roomOf(words), id);
  }
  rwLock.releaseWrite();
}

function finish({ words, fault, operations }) {
  if (operations > 2000 && Atomics.load(words, TOGETHER) === 0) fault('no two readers have ever been in together');
}

function describe({ objects: { rwLock }, words, lives }) {
  const readers = places.describe(lives, roomOf(words));
  return [
    `writer ${JSON.stringify(rwLock.writer)}, ${rwLock.readers} readers; on the board: ${exclusion.describe(lives, words)}`,
    `reading: ${readers || 'nobody'}; together ${Atomics.load(words, TOGETHER)} times`,
  ];
}

module.exports = {
  name: 'RwLock',
  weight: 32,
  words: TOLD + 1,
  open,
  step,
  begin,
  bury,
  census,
  finish,
  describe,
};
