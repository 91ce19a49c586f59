'use strict';
// A deadlock, two ways out of it, and none of them luck.
//
// Each of two processes holds one lock and asks for the other's. Both would wait for ever. The barrier makes sure of it:
// nobody asks for a second lock before both have their first.

const { Barrier, Lock, Process } = require('multiproc');

// Way out 1: a time limit. Whoever gives up first lets go of what it holds, waits for the missing lock with empty hands,
// and only then takes the other one again. (Were it to take its first lock back at once, it might block the other again.)
async function opposite(first, second, names, bothHold, patience) {
  const story = [];
  await first.acquire();
  story.push(`holds ${names[0]}, wants ${names[1]}`);
  await bothHold.wait();
  if (await second.acquire({ timeout: patience })) {
    story.push(`got ${names[1]} after the other let go`);
  } else {
    story.push(`no ${names[1]} within ${patience} ms: a deadlock; lets go of ${names[0]}`);
    first.release();
    await second.acquire();
    await first.acquire();
    story.push(`got ${names[1]}, then ${names[0]} again`);
  }
  first.release();
  second.release();
  return story;
}

// Way out 2, the better one: everybody takes the locks in the same order, and no circle can arise.
async function ordered(a, b, rounds) {
  for (let round = 0; round < rounds; round += 1) await a.run(() => b.run(() => {}));
  return rounds;
}

async function main() {
  const [a, b, bothHold] = [new Lock(), new Lock(), new Barrier(2)];
  const left = new Process(opposite, { args: [a, b, ['A', 'B'], bothHold, 200] }).start();
  const right = new Process(opposite, { args: [b, a, ['B', 'A'], bothHold, 60_000] }).start();
  for (const line of await left.result) console.log(`left:  ${line}`);
  for (const line of await right.result) console.log(`right: ${line}`);

  const pair = [0, 1].map(() => new Process(ordered, { args: [a, b, 500] }).start());
  const rounds = await Promise.all(pair.map((child) => child.result));
  console.log(`same order: ${rounds[0]} and ${rounds[1]} rounds without a deadlock`);

  await Promise.all([left, right, ...pair].map((child) => child.join()));
  console.log(`locks left taken: ${[a, b].filter((lock) => lock.locked).length}`);
}

main();
