'use strict';
// A deadlock: each of two processes holds one lock and waits for the other's. Both would wait for ever.
//
// Here they do not: the wait that closes the circle ends with a DeadlockError, which names everybody in it. Whoever gets
// it lets go of what it holds, and the other goes on. (deadlock_avoidance.js shows how not to get there.)

const { Barrier, Lock, Process } = require('multiproc');

async function opposite(first, second, bothHold) {
  const story = [];
  await first.acquire();
  story.push(`holds "${first.name}", wants "${second.name}"`);
  // Nobody asks for a second lock before both have their first: so the circle closes every time.
  await bothHold.wait();
  try {
    await second.acquire();
    story.push(`got "${second.name}"`);
    second.release();
  } catch (error) {
    story.push(`${error.name}: ${error.cycle.length} processes wait for each other`);
    for (const { name, holds, waitsFor } of error.cycle)
      story.push(`  ${name} holds ${holds} and waits for ${waitsFor}`);
  }
  first.release();
  return story;
}

async function main() {
  const [forks, spoons, bothHold] = [new Lock({ name: 'forks' }), new Lock({ name: 'spoons' }), new Barrier(2)];
  const left = new Process(opposite, { name: 'left', args: [forks, spoons, bothHold] }).start();
  const right = new Process(opposite, { name: 'right', args: [spoons, forks, bothHold] }).start();
  const stories = await Promise.all([left.result, right.result]);
  await Promise.all([left.join(), right.join()]);

  // Which of the two was the later one is chance; there is exactly one.
  const [told, other] = stories[0].length > stories[1].length ? stories : stories.toReversed();
  const members = told.slice(2).sort();
  console.log(told[1]);
  for (const line of members) console.log(line);
  console.log(`the other one: ${other[1].replace(/"\w+"/, 'what it wanted')}`);
  console.log(`locks left taken: ${[forks, spoons].filter((lock) => lock.locked).length}`);
}

main();
