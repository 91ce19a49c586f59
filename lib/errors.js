'use strict';
// Every error class and code of the package, in one closed list.
//
// A failure of ours is a MultiprocError with a `code` from CODES. Bad arguments are TypeError or RangeError
// with Node's own codes; an aborted wait is an AbortError with the signal's reason as its cause.
// docs/errors.md and the `ErrorCode` union of index.d.ts repeat this list; a test compares the three.

const CODES = Object.freeze({
  ERR_MULTIPROC_PLATFORM: 'this operating system, processor or Node.js version is not supported',
  ERR_MULTIPROC_BINDING: 'the native addon could not be loaded',
  ERR_MULTIPROC_DOMAIN: 'the shared memory domain could not be created or joined, or has been overwritten',
  ERR_MULTIPROC_SHM_SPACE: 'the shared memory domain has no room for the block asked for',
  ERR_MULTIPROC_AGENTS: 'the agent table is full',
  ERR_MULTIPROC_HANDLE: 'the handle names no living object of this domain',
  ERR_MULTIPROC_NAME: 'the name belongs to an object of another kind or shape',
  ERR_MULTIPROC_CLOSED: 'the object was closed',
  ERR_MULTIPROC_LOCK_NOT_HELD: 'a lock was released that nobody held',
  ERR_MULTIPROC_LOCK_NOT_OWNER: 'the lock is held by somebody else, or by nobody',
  ERR_MULTIPROC_SEM_BOUND: 'a bounded semaphore was released more often than it was acquired',
  ERR_MULTIPROC_WAITERS: 'the object has as many waits as it has room for',
  ERR_MULTIPROC_DEADLOCK: 'the wait would never end: it closed a cycle of waits',
  ERR_MULTIPROC_SEM_OVERFLOW: 'a semaphore was released beyond its largest value',
  ERR_MULTIPROC_BROKEN_BARRIER: 'the barrier is broken: a party died, gave up or aborted it',
  ERR_MULTIPROC_SERIALIZE: 'a value cannot travel to another process',
  ERR_MULTIPROC_DESERIALIZE: 'bytes from another process are not a valid message',
  ERR_MULTIPROC_CLOSURE: 'a function uses variables of its surroundings, which do not travel with it',
  ERR_MULTIPROC_TARGET: 'the target is not something that another process can run',
  ERR_MULTIPROC_ALREADY_STARTED: 'the process was started before',
  ERR_MULTIPROC_NOT_STARTED: 'the process has not been started',
  ERR_MULTIPROC_STILL_RUNNING: 'the process was closed while it ran',
  ERR_MULTIPROC_BOOTSTRAP: 'a process was started while its parent was still being loaded as a child',
  ERR_MULTIPROC_START_METHOD: 'the start method is not available',
  ERR_MULTIPROC_PROCESS_DIED: 'the process ended before its function returned',
  ERR_MULTIPROC_COMMAND_FAILED: 'a command could not be started, failed, or was ended before its time',
  ERR_MULTIPROC_REMOTE: 'a value that is not an error was thrown in another process',
  ERR_MULTIPROC_WORKER_DIED: 'the worker that was running the task died',
  ERR_MULTIPROC_POOL_CLOSED: 'the pool takes no more tasks',
  ERR_MULTIPROC_POOL_TERMINATED: 'the pool was terminated',
  ERR_MULTIPROC_POOL_BROKEN: 'the workers of the pool die before they are ready',
  ERR_MULTIPROC_CHANNEL_CLOSED: 'the channel is closed',
  ERR_MULTIPROC_QUEUE_CLOSED: 'the queue was shut down, and has nothing more to get',
  ERR_MULTIPROC_QUEUE_FULL: 'the queue was full for as long as the call could wait',
  ERR_MULTIPROC_QUEUE_EMPTY: 'the queue was empty for as long as the call could wait',
  ERR_MULTIPROC_TASK_DONE: 'more items of a queue were done than had been put',
  ERR_MULTIPROC_NOT_READABLE: 'this end of the pipe only sends',
  ERR_MULTIPROC_NOT_WRITABLE: 'this end of the pipe only receives, or was ended for sending',
  ERR_MULTIPROC_EOF: 'the other end of the connection is closed, and all it had sent was read',
  ERR_MULTIPROC_TIMEOUT: 'the time was over before the call had its result',
  ERR_MULTIPROC_BUFFER_TOO_SHORT: 'a message is longer than the memory that was given for it',
  ERR_MULTIPROC_MESSAGE_SIZE: 'a message is longer than is allowed',
  ERR_MULTIPROC_AUTH: 'the program at the other end could not be authenticated',
  ERR_MULTIPROC_UNSUPPORTED: 'this is not supported',
  ERR_MULTIPROC_INTERNAL: 'an invariant of the package does not hold; please report it',
});

/** Base class of every error that multiproc itself raises. */
class MultiprocError extends Error {
  /**
   * @param {keyof typeof CODES} code
   * @param {string} message what was called, what was expected, what was found, what to do
   * @param {{ cause?: unknown, [property: string]: unknown }} [details] own properties of the error; `cause` is kept as such
   */
  constructor(code, message, details = {}) {
    const { cause, ...properties } = details;
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, properties);
    this.code = code;
  }
}
nameClass(MultiprocError);

class BrokenBarrierError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_BROKEN_BARRIER', message, details);
  }
}
nameClass(BrokenBarrierError);

/** `cycle`: the processes that wait for each other, each with `pid`, `threadId`, `name`, `holds` and `waitsFor`. */
class DeadlockError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_DEADLOCK', message, details);
  }
}
nameClass(DeadlockError);

class QueueFullError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_QUEUE_FULL', message, details);
  }
}
nameClass(QueueFullError);

class QueueEmptyError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_QUEUE_EMPTY', message, details);
  }
}
nameClass(QueueEmptyError);

/** A value cannot travel; `path` names the place inside the value, as in `args[0].rows[3].callback`. */
class SerializationError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_SERIALIZE', message, details);
  }
}
nameClass(SerializationError);

/** `bytes` is the message. */
class BufferTooShortError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_BUFFER_TOO_SHORT', message, details);
  }
}
nameClass(BufferTooShortError);

/** `exitCode`, `signalCode`, `pid` and `exitReason` of the dead process are own properties. */
class ProcessDiedError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_PROCESS_DIED', message, details);
  }
}
nameClass(ProcessDiedError);

/** What became of the command are own properties: `command`, `exitCode`, `signalCode`, `stdout`, `stderr`, `timedOut` … */
class CommandError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_COMMAND_FAILED', message, details);
  }
}
nameClass(CommandError);

/** `exitCode`, `signalCode` and `pid` of the dead worker are own properties. */
class WorkerDiedError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_WORKER_DIED', message, details);
  }
}
nameClass(WorkerDiedError);

/** Something that is not an Error was thrown in another process; `value` is what was thrown. */
class RemoteError extends MultiprocError {
  constructor(message, details) {
    super('ERR_MULTIPROC_REMOTE', message, details);
  }
}
nameClass(RemoteError);

/** What an aborted wait rejects with: Node's own shape. */
class AbortError extends Error {
  constructor(reason) {
    super('The operation was aborted', reason === undefined ? undefined : { cause: reason });
    this.code = 'ABORT_ERR';
  }
}
nameClass(AbortError);

// `name` on the prototype, as the language's own errors have it: it is not an own property that would travel.
function nameClass(constructor) {
  Object.defineProperty(constructor.prototype, 'name', {
    value: constructor.name,
    writable: true,
    configurable: true,
  });
}

module.exports = {
  CODES,
  MultiprocError,
  BrokenBarrierError,
  BufferTooShortError,
  CommandError,
  DeadlockError,
  QueueFullError,
  QueueEmptyError,
  SerializationError,
  ProcessDiedError,
  WorkerDiedError,
  RemoteError,
  AbortError,
};
