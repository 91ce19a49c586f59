'use strict';
// Who is calling, within one thread: the asynchronous flow that owns a re-entrant lock.
//
// A flow is an object in an AsyncLocalStorage: what an async function calls, and what goes on after its awaits, finds it
// there. The storage is made when an RLock is first used: while one is active, every await of the thread costs more.
//
// | state | means | a call that finds it in the store |
// |---|---|---|
// | pending | made by `acquire()`, whose promise has not resolved | comes from a sibling that was started in the same synchronous stretch: it gets a fresh flow |
// | alive | it holds something | is the owner's |
// | dead | it holds nothing any more | gets a fresh flow; a dead one is never used again |
//
// `runIn` is exact. `enter` leaves the flow with the caller, as there is no other way to let a plain `await acquire()`
// mean something for the lines after it: a function that calls f() without awaiting it goes on in the flow of f.

let storage;

class Flow {
  /** How many locks it holds, however often each. */
  locks = 0;
  isPending = false;
}

/** @returns {Flow | undefined} the caller's flow, if it is alive */
function current() {
  const flow = storage?.getStore();
  return flow !== undefined && flow.locks > 0 && !flow.isPending ? flow : undefined;
}

/** From here on the caller is in that flow. */
function enter(flow) {
  store().enterWith(flow);
}

function runIn(flow, fn) {
  return store().run(flow, fn);
}

function store() {
  storage ??= new (require('node:async_hooks').AsyncLocalStorage)();
  return storage;
}

/** A flow for `acquire()`, which the caller is in at once. Whoever made it pending says when it is not any more. */
function enterPending() {
  const flow = new Flow();
  flow.isPending = true;
  enter(flow);
  return flow;
}

module.exports = { Flow, current, enter, enterPending, runIn };
