'use strict';
// Who is calling, within one thread: the asynchronous flow that owns a re-entrant lock.
//
// A flow is an object in an AsyncLocalStorage: what an async function calls, and what goes on after its awaits, finds it
// there. While the storage is active, every await of the thread costs more on Node.js 20 and 22, so it is made when
// somebody reaches for what needs it (`watch`). It must be active before the first flow is entered: promises that were
// made earlier are not watched, and what goes on after them would find the store of whoever runs in the same turn.
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

/** From here on flows are told apart in this thread. To be called a turn before the first one is entered. */
function watch() {
  if (storage !== undefined) return;
  storage = new (require('node:async_hooks').AsyncLocalStorage)();
  storage.enterWith(undefined);
}

function store() {
  watch();
  return storage;
}

/** A flow for `acquire()`, which the caller is in at once. Whoever made it pending says when it is not any more. */
function enterPending() {
  const flow = new Flow();
  flow.isPending = true;
  enter(flow);
  return flow;
}

/** @returns {Flow | undefined} what the caller is in, alive or not */
function entered() {
  return storage?.getStore();
}

module.exports = { Flow, entered, current, enter, enterPending, runIn, watch };
