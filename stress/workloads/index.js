'use strict';
// All primitives that are stressed, in the order of their numbers on the board.

const workloads = [
  require('./lock'),
  require('./rlock'),
  require('./semaphore'),
  require('./bounded_semaphore'),
  require('./rw_lock'),
  require('./condition'),
  require('./monitor'),
  require('./event'),
  require('./latch'),
  require('./once'),
  require('./barrier'),
  require('./relay'),
  require('./acquire_all'),
  require('./deadlock'),
];

/** @param {string[]} names all when there are none @returns {number[]} the numbers of those */
function select(names) {
  if (names.length === 0) return [...workloads.keys()];
  return names.map((name) => {
    const number = workloads.findIndex((workload) => workload.name.toLowerCase() === name.toLowerCase());
    if (number < 0) {
      throw new RangeError(`no primitive ${name}; there are ${workloads.map((workload) => workload.name).join(', ')}`);
    }
    return number;
  });
}

module.exports = { workloads, select };
