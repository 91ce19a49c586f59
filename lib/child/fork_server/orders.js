'use strict';
// How a fork server learns what it is for: one variable, set by its parent, that it takes away at once. Used by both sides.

const VARIABLE = 'MULTIPROC_FORK_SERVER';

/**
 * @param {{ control: number, report: number, library: number, preload: string[], libraryPath?: string }} orders the
 *   descriptors that it has inherited, the modules to load, and the LD_PRELOAD that its children are to have
 */
function forForkServer(orders) {
  return { [VARIABLE]: JSON.stringify(orders) };
}

function takeOrders() {
  const orders = JSON.parse(process.env[VARIABLE] ?? 'null');
  delete process.env[VARIABLE];
  if (orders === null) throw new Error('this is the program of a fork server, which multiproc starts');
  return orders;
}

module.exports = { forForkServer, takeOrders };
