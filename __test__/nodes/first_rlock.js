'use strict';
// The first RLock of a thread, in functions that go on in the same turn after promises which were made before: each is
// a flow of its own. Prints "ok".

const { AssertionError } = require('node:assert');
const { RLock } = require('../..');

let inside = 0;

async function enter(go) {
  await go;
  const lock = new RLock({ name: 'first' });
  if (!lock.tryAcquire()) await lock.acquire();
  inside += 1;
  if (inside !== 1) throw new AssertionError({ message: `${inside} are inside` });
  await new Promise((resolve) => setTimeout(resolve, 5));
  inside -= 1;
  lock.release();
}

async function main() {
  let open;
  const go = new Promise((resolve) => {
    open = resolve;
  });
  const entering = [enter(go), enter(go), enter(go)];
  setTimeout(open, 5);
  await Promise.all(entering);
  console.log('ok');
}

main();
