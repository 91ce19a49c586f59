'use strict';
// RwLock: never a writer beside anybody, readers beside each other.
//
// A reader takes a place on the board and then looks for a writer, a writer writes its id and then looks for readers: of
// two that are inside at the same time at least one sees the other.
//
// What a killed writer left goes to whoever comes next, and that one is told. It may be a reader, and others may come in
// beside it: so it is counted how often the mark of a dead writer was found (FOUND) and how often one was told (TOLD). No
// more may be found than were told, but for who was told and then killed before it could count: so a finding counts only
// when nobody was killed since.

const exclusion = require('../exclusion');
const { wait } = require('../forms');
const places = require('../places');
const { RwLock } = require('../..');

/** More than there are flows. */
const READERS = 40;
/** How often a reader found another one beside it. */
const TOGETHER = exclusion.WORDS + READERS;
const FOUND = TOGETHER + 1;
const TOLD = TOGETHER + 2;

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
  tell(rwLock, words);
  const before = Atomics.load(words, exclusion.INSIDE);
  if (before !== 0 && !flow.lives.isAlive(before)) found(flow.lives, before, words);
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
  tell(rwLock, words);
  await beside(flow, rwLock, words);
}

function tell({ abandonedBy }, words) {
  if (abandonedBy !== null) Atomics.add(words, TOLD, 1);
}

/** That writer's mark was found, and it was killed. */
function found(lives, writer, words) {
  if (lives.wasKilledLast(writer)) Atomics.add(words, FOUND, 1);
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
  else if (exclusion.forget(words, writer)) found(flow.lives, writer, words);
}

function census({ objects: { rwLock }, words, lives, fault }) {
  if (rwLock.readers !== 0) fault(`nobody is at it, and it has ${rwLock.readers} readers`);
  if (!rwLock.tryAcquireWrite()) return fault('nobody is at it, and it cannot be had');
  const killed = exclusion.settle(lives, words, fault);
  if (killed !== 0) found(lives, killed, words);
  tell(rwLock, words);
  const [marks, told] = [FOUND, TOLD].map((word) => Atomics.exchange(words, word, 0));
  if (marks > told) fault(`${marks} were found to have died writing, and ${told} were told of it`);
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
  census,
  finish,
  describe,
};
