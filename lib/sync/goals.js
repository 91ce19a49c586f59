'use strict';
// What a native wait can be for; src/binding/object.rs has the same numbers.

module.exports = Object.freeze({
  LOCK: 0,
  SEMAPHORE: 1,
  PERMIT: 2,
  BARRIER: 3,
  READ: 4,
  WRITE: 5,
  CONDITION: 6,
  EVENT: 7,
  LATCH: 8,
  ONCE: 9,
  QUEUE_GET: 10,
  QUEUE_PUT: 11,
  QUEUE_JOIN: 12,
  PIPE_GET: 13,
  PIPE_PUT: 14,
});
