'use strict';
// Five numbers in memory that several processes see. `view` is an ordinary Int32Array over them.

const { Process, SharedArray } = require('multiproc');

// Each process has a cell of its own: nothing to coordinate.
function square(numbers, index) {
  numbers.view[index] **= 2;
}

// One cell for all: Atomics work on shared arrays, between processes as between threads.
function addToLast(numbers, amount) {
  Atomics.add(numbers.view, 4, amount);
}

// Several cells that belong together: under the array's lock, nobody sees a half-finished rotation.
function rotate(numbers, times) {
  for (let i = 0; i < times; i += 1) {
    numbers.lock.runSync(() => {
      const first = numbers.view[0];
      numbers.view.copyWithin(0, 1);
      numbers.view[4] = first;
    });
  }
}

async function inParallel(fn, numbers, values) {
  const processes = values.map((value) => new Process(fn, { args: [numbers, value] }).start());
  await Promise.all(processes.map((child) => child.result));
  await Promise.all(processes.map((child) => child.join()));
  console.log(`${fn.name}: ${[...numbers].join(' ')}`);
}

async function main() {
  const numbers = new SharedArray('i32', [1, 2, 3, 4, 5]);
  console.log(`start: ${[...numbers].join(' ')}`);

  await inParallel(square, numbers, [0, 1, 2, 3, 4]);
  await inParallel(addToLast, numbers, [10, 20, 30]);
  await inParallel(rotate, numbers, [101, 201]); // 302 steps: two more than full turns

  console.log(`it is a SharedArrayBuffer: ${numbers.buffer instanceof SharedArrayBuffer}`);
}

main();
