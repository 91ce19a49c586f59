'use strict';
// What a pool and its workers say to each other; imported by both.
//
// Tasks lie in a queue in shared memory (src/pool/task_queue.rs) that the workers pull from. Everything else goes over
// each worker's own channel: functions before the first task that uses them, results back, and the order to stop.

// Pool → worker: { define: function id, target } or { stop: true }.

/** A task's payload: [mode, function id, arguments or items]. */
const RUN = 0;
const MAP = 1;

/** Worker → pool, the type of the message: READY with the worker's token; the others with a task's number, then a value. */
const READY = 1;
const SUCCEEDED = 2;
const FAILED = 3;

module.exports = { RUN, MAP, READY, SUCCEEDED, FAILED };
