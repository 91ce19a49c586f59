'use strict';
// Readers and writers: any number may read at the same time, a writer is alone. A writer that waits keeps new readers
// out, so that readers who never stop do not shut it out for ever.

const { Barrier, Process, RwLock, SharedArray } = require('multiproc');

// The two numbers are always equal, except for whoever sees a writer at its work.
function write(lock, pair, begin, rounds) {
  begin.waitSync();
  for (let round = 0; round < rounds; round += 1) {
    lock.writeSync(() => {
      pair.view[0] += 1;
      for (let i = 0; i < 1000; i += 1); // half done for a while
      pair.view[1] += 1;
    });
  }
}

function read(lock, pair, begin, rounds) {
  begin.waitSync();
  let torn = 0;
  for (let round = 0; round < rounds; round += 1) {
    lock.readSync(() => {
      if (pair.view[0] !== pair.view[1]) torn += 1;
    });
  }
  return torn;
}

// Two readers that meet inside: possible only if both are in at the same time.
async function meetInside(lock, meeting) {
  return lock.read(() => meeting.wait({ timeout: 30_000 }));
}

async function main() {
  const lock = new RwLock();
  const pair = new SharedArray('i32', 2, { lock: false });
  const begin = new Barrier(4);
  const writers = [1, 2].map(() => new Process(write, { args: [lock, pair, begin, 500] }).start());
  const readers = [1, 2].map(() => new Process(read, { args: [lock, pair, begin, 2000] }).start());
  await Promise.all(writers.map((writer) => writer.result));
  const torn = await Promise.all(readers.map((reader) => reader.result));
  console.log(`written: ${[...pair].join(' and ')}`);
  console.log(`seen half done: ${torn[0] + torn[1]} times`);

  const meeting = new Barrier(2);
  const pairOfReaders = [1, 2].map(() => new Process(meetInside, { args: [lock, meeting] }).start());
  const places = await Promise.all(pairOfReaders.map((reader) => reader.result));
  console.log(`two readers met inside: ${places.sort().join(', ')}`);

  lock.acquireReadSync();
  console.log(`a writer beside a reader: ${lock.tryAcquireWrite()}`);
  lock.releaseRead();
  console.log(`alone: ${lock.tryAcquireWrite()}`);
  // From writing to reading without letting another writer in between.
  lock.downgrade();
  console.log(`readers now: ${lock.readers}`);
  lock.releaseRead();
  await Promise.all([...writers, ...readers, ...pairOfReaders].map((child) => child.join()));
}

main();
