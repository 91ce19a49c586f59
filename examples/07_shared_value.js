'use strict';
// One number in memory that several processes see.
//
// `counter.value = counter.value + 1` reads, adds and writes: two processes that do it at the same time may read the
// same number, and one step is lost. Below are the three ways in which none is.

const { Process, SharedValue } = require('multiproc');

const STEPS = 1000;

// 1. One atomic instruction. Needs no lock, so the values can be made without one.
function add({ counter }, steps) {
  for (let i = 0; i < steps; i += 1) counter.add(1);
}

// 2. Every value has a lock, for what takes several steps.
function withLock({ guarded, largest }, steps) {
  for (let i = 0; i < steps; i += 1) {
    guarded.lock.runSync(() => {
      guarded.value = guarded.value + 1;
      largest.value = Math.max(largest.value, guarded.value);
    });
  }
}

// 3. update() computes the new value and tries again if somebody was faster. Floats can be shared as well.
function update({ balance }, steps) {
  for (let i = 0; i < steps; i += 1) balance.update((old) => old + 0.5);
}

async function main() {
  const values = {
    counter: new SharedValue('i32', 0, { lock: false }),
    guarded: new SharedValue('i32', 0),
    largest: new SharedValue('i32', 0, { lock: false }),
    balance: new SharedValue('f64', 100, { lock: false }),
  };
  for (const way of [add, withLock, update]) {
    const processes = [1, 2, 3].map(() => new Process(way, { args: [values, STEPS] }).start());
    await Promise.all(processes.map((child) => child.result));
    await Promise.all(processes.map((child) => child.join()));
  }
  console.log(`counter: ${values.counter.value}`);
  console.log(`guarded: ${values.guarded.value}, largest seen: ${values.largest.value}`);
  console.log(`balance: ${values.balance.value}`);

  // What went in stays within the type.
  try {
    values.counter.value = 2 ** 31;
  } catch (error) {
    console.log(`2 ** 31 is no i32: ${error.code}`);
  }
}

main();
