'use strict';
// What a pool and its workers say to each other; imported by both.
//
// Tasks lie in a queue in shared memory (src/pool/task_queue.rs) that the workers pull from. Everything else goes over
// each worker's own channel: functions before the first task that uses them, results back, and the order to stop.

// Pool → worker: { define: function id, target } or { stop: true }.

/** A task's payload: [mode, function id, arguments or items]. */
const RUN = 0;
const MAP = 1;

/** Worker → pool: [READY, token], or [task id, status, value]. */
const READY = 0;
const SUCCEEDED = 1;
const FAILED = 2;

module.exports = { RUN, MAP, READY, SUCCEEDED, FAILED };
