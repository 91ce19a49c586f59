'use strict';
// Queue: any number of threads and processes put, any number get, each item goes to one of them; src/queue.

const native = require('../binding');
const { checkInteger, checkTimeout, invalidType, invalidValue, outOfRange, ownOptions } = require('../arguments');
const { AbortError, MultiprocError, QueueEmptyError, QueueFullError } = require('../errors');
const { Closing } = require('../sync/closing');
const goals = require('../sync/goals');
const { TIMED_OUT } = require('../sync/outcome');
const {
  SharedObject,
  open,
  pin,
  typeOf,
  unpin,
  wait,
  waitFor,
  waitOptions,
  waitSync,
} = require('../sync/shared_object');
const { KIND, onRevive, unpack } = require('../travel');
const { Delivery } = require('./delivery');
const items = require('./items');
const { detach, transferOf } = require('./transfer');

const { DONE, FULL, EMPTY, ENDED, Parcel } = items;
const SIZE_MAX = 2 ** 32 - 1;
const ACK_MODES = ['auto', 'manual'];
/** Of queueState(). */
const [SIZE, BYTES, UNFINISHED, SHUT, MAX_SIZE, MAX_BYTES, MANUAL, BY_PRIORITY] = [0, 1, 2, 3, 4, 5, 6, 7];
const PLACES_MAX = 65_536;
const PLACES = 4096;

const TYPE = {
  kind: KIND.queue,
  name: 'Queue',
  noun: 'queue',
  create: ({ maxSize, maxBytes, isManual }, name) => native.createQueue(maxSize, maxBytes, isManual, false, name),
};

function checkOptions(options) {
  const call = 'new Queue()';
  const own = ownOptions(call, options, ['maxSize', 'maxBytes', 'ackMode']);
  const limit = (name, most) => (own[name] === undefined ? 0 : checkInteger(call, name, own[name], 0, most));
  const { ackMode = 'auto' } = own;
  if (!ACK_MODES.includes(ackMode)) throw invalidValue(call, 'ackMode', "'auto' or 'manual'", ackMode);
  return {
    maxSize: limit('maxSize', SIZE_MAX),
    maxBytes: limit('maxBytes', Number.MAX_SAFE_INTEGER),
    isManual: ackMode === 'manual',
  };
}

class Queue extends SharedObject {
  #isManual;
  #maxSize;
  #maxBytes;
  /** Ends the waits of this thread when it closes the queue. */
  #closing = new Closing(closed);

  constructor(options, internal) {
    super(internal?.type ?? TYPE, options, internal, () => (internal?.check ?? checkOptions)(options));
    const queue = open(this, 'constructor');
    [queue.index, queue.generation] = queue.identity();
    const state = queue.queueState();
    // Items that lie in blocks of their own anyway have none.
    queue.takesPieces = state[MANUAL] === 0 && state[BY_PRIORITY] === 0;
    this.#isManual = state[MANUAL] === 1;
    [this.#maxSize, this.#maxBytes] = [state[MAX_SIZE], state[MAX_BYTES]];
  }

  get maxSize() {
    return this.#maxSize;
  }

  get maxBytes() {
    return this.#maxBytes;
  }

  get ackMode() {
    return this.#isManual ? 'manual' : 'auto';
  }

  get size() {
    return this.#state('size')[SIZE];
  }

  get byteLength() {
    return this.#state('byteLength')[BYTES];
  }

  get empty() {
    return this.size === 0;
  }

  get full() {
    const state = this.#state('full');
    const isFull = (limit, found) => limit !== 0 && found >= limit;
    return isFull(this.#maxSize, state[SIZE]) || isFull(this.#maxBytes, state[BYTES]);
  }

  get unfinished() {
    return this.#state('unfinished')[UNFINISHED];
  }

  get isShutDown() {
    return this.#state('isShutDown')[SHUT] > 0;
  }

  async put(value, options) {
    const { limit, signal } = waitOptions('queue.put()', options);
    const transfer = transferOf('queue.put()', options);
    const priority = priorityOf('queue.put()', options);
    if (signal?.aborted) throw new AbortError(signal.reason);
    const queue = pin(this, 'put');
    let parcel;
    try {
      parcel = new Parcel(value, 'value', queue.takesPieces);
      const attempt = () => parcel.put(queue, undefined, priority);
      let result = attempt();
      if (result === FULL) {
        const room = (left) => waitFor(queue, goals.QUEUE_PUT, left, signal, undefined, this.#closing);
        result = await items.putWaiting(parcel, limit, room, attempt);
      }
      settled(result, 'put', limit);
      detach(transfer);
    } finally {
      parcel?.discard();
      unpin(this);
    }
  }

  putSync(value, timeout) {
    putSync(this, value, checkTimeout('queue.putSync()', timeout), 0);
  }

  tryPut(value, options) {
    const priority = priorityOf('queue.tryPut()', options);
    const queue = open(this, 'tryPut');
    const parcel = new Parcel(value, 'value', queue.takesPieces);
    try {
      const result = parcel.put(queue, undefined, priority);
      if (result !== FULL) settled(result, 'tryPut', 0);
      return result === DONE;
    } finally {
      parcel.discard();
    }
  }

  async get(options) {
    const { limit, signal } = waitOptions('queue.get()', options);
    const queue = pin(this, 'get');
    try {
      let found = signal?.aborted ? EMPTY : this.#take(queue);
      if (found === EMPTY) {
        const item = (left) => waitFor(queue, goals.QUEUE_GET, left, signal, undefined, this.#closing);
        found = await items.takeWaiting(limit, item, () => this.#take(queue));
      }
      return gotten(found, 'get', limit);
    } finally {
      unpin(this);
    }
  }

  getSync(timeout) {
    const limit = checkTimeout('queue.getSync()', timeout);
    const queue = open(this, 'getSync');
    let found = this.#take(queue);
    if (found === EMPTY) {
      const item = (left) => queue.waitSync(goals.QUEUE_GET, 0, 0, left);
      found = items.takeWaitingSync(limit, item, () => this.#take(queue));
    }
    return gotten(found, 'getSync', limit);
  }

  tryGet(otherwise) {
    const found = this.#take(open(this, 'tryGet'));
    return found === EMPTY ? otherwise : gotten(found, 'tryGet', 0);
  }

  taskDone() {
    const queue = open(this, 'taskDone');
    if (this.#isManual) {
      throw new MultiprocError(
        'ERR_MULTIPROC_TASK_DONE',
        "queue.taskDone(): with ackMode 'manual' an item is done by its own ack()",
      );
    }
    if (queue.queueTaskDone()) return;
    throw new MultiprocError('ERR_MULTIPROC_TASK_DONE', 'queue.taskDone() was called more often than items were put');
  }

  join(options) {
    return wait(this, 'join', goals.QUEUE_JOIN, options, this.#closing).then((outcome) => outcome !== TIMED_OUT);
  }

  joinSync(timeout) {
    return waitSync(this, 'joinSync', goals.QUEUE_JOIN, timeout) !== TIMED_OUT;
  }

  shutdown(options) {
    const { immediate = false } = ownOptions('queue.shutdown()', options, ['immediate']);
    open(this, 'shutdown').queueClose(Boolean(immediate));
  }

  close() {
    super.close();
    this.#closing.close();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      let found;
      try {
        found = await this.get();
      } catch (error) {
        if (error.code === 'ERR_MULTIPROC_QUEUE_CLOSED') return;
        throw error;
      }
      yield found;
    }
  }

  #state(method) {
    return open(this, method).queueState();
  }

  #take(queue) {
    if (!this.#isManual) return items.take(queue);
    const [bytes, hand, isAgain] = queue.queueGetInHand();
    if (bytes === items.NOTHING) return EMPTY;
    if (bytes === items.END) return ENDED;
    let value;
    try {
      value = unpack(bytes);
    } catch (error) {
      // Nobody can read it: as without acknowledgement it is gone, and whoever got it is told.
      queue.queueSettle(hand, true);
      throw error;
    }
    return new Delivery(queue, hand, value, isAgain === 1);
  }
}

function settled(result, method, limit) {
  if (result === DONE) return;
  if (result === FULL) {
    throw new QueueFullError(`queue.${method}(): the queue was full ${lasting(limit)}; nothing was put`);
  }
  throw shutDown(method, 'nothing can be put any more');
}

function gotten(found, method, limit) {
  if (found === EMPTY) throw new QueueEmptyError(`queue.${method}(): the queue was empty ${lasting(limit)}`);
  if (found === ENDED) throw shutDown(method, 'it holds nothing more');
  return found;
}

function closed() {
  return new MultiprocError('ERR_MULTIPROC_CLOSED', 'queue: this Queue was closed in this thread during the wait');
}

function lasting(limit) {
  return limit === 0 ? 'at the time of the call' : `for ${limit} ms`;
}

function shutDown(method, what) {
  return new MultiprocError('ERR_MULTIPROC_QUEUE_CLOSED', `queue.${method}(): the queue was shut down: ${what}`);
}

/** A queue without bounds, for those who only put and get: Python's name. */
class SimpleQueue extends Queue {
  constructor(options, internal) {
    super(
      internal === undefined ? { name: ownOptions('new SimpleQueue()', options, ['name']).name } : options,
      internal,
    );
  }
}

const BY_PRIORITY_TYPE = {
  ...TYPE,
  name: 'PriorityQueue',
  create: ({ maxSize }, name) => native.createQueue(maxSize, 0, false, true, name),
};

function checkPriorityOptions(options) {
  const call = 'new PriorityQueue()';
  const { maxSize = PLACES } = ownOptions(call, options, ['maxSize']);
  return { maxSize: checkInteger(call, 'maxSize', maxSize, 1, PLACES_MAX) };
}

/** A queue whose items leave in the order of their priority. */
class PriorityQueue extends Queue {
  constructor(options, internal) {
    super(options, { ...internal, type: BY_PRIORITY_TYPE, check: checkPriorityOptions });
  }

  putSync(value, options) {
    const call = 'queue.putSync()';
    const { timeout } = typeof options === 'object' ? ownOptions(call, options, ['timeout']) : { timeout: options };
    const limit = checkTimeout(call, timeout);
    putSync(this, value, limit, typeof options === 'object' ? priorityOf(call, options) : 0);
  }
}

function putSync(object, value, limit, priority) {
  const queue = open(object, 'putSync');
  const parcel = new Parcel(value, 'value', queue.takesPieces);
  try {
    const attempt = () => parcel.put(queue, undefined, priority);
    let result = attempt();
    if (result === FULL) {
      const room = (left) => queue.waitSync(goals.QUEUE_PUT, 0, 0, left);
      result = items.putWaitingSync(parcel, limit, room, attempt);
    }
    settled(result, 'putSync', limit);
  } finally {
    parcel.discard();
  }
}

/** Of a queue that is not by priority it has no meaning. */
function priorityOf(call, options) {
  const { priority = 0 } = ownOptions(call, options, ['priority']);
  if (typeof priority !== 'number') throw invalidType(call, 'priority', 'a number', priority);
  if (Number.isNaN(priority)) throw outOfRange(call, 'priority', 'a number', priority);
  return priority;
}

const isByPriority = (queue) => open(queue, 'constructor').queueState()[BY_PRIORITY] === 1;
const isQueue = (value) => typeOf(value)?.kind === KIND.queue;

onRevive(KIND.queue, (index, generation, name) => {
  const queue = new Queue(undefined, { index, generation, name });
  if (!isByPriority(queue)) return queue;
  Object.setPrototypeOf(queue, PriorityQueue.prototype);
  return queue;
});

module.exports = { Queue, PriorityQueue, SimpleQueue, isQueue };
