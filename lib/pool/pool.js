'use strict';
// Pool: worker processes that pull tasks from a queue in shared memory.
//
// States: open → closed (no new tasks) → ended (every task settled, every worker gone); terminate() goes there at once.
// A task is settled by its result, or by the death of the worker that had taken it: after the worker is reaped and the
// results it had sent are read, the native queue says which task it had. No task is ever given to a second worker.

const native = require('../binding');
const runtime = require('../runtime');
const { onceAborted } = require('../aborts');
const { checkInteger, checkSignal, invalidType, ownOptions } = require('../arguments');
const { cannot } = require('../codec/refusals');
const { asyncDispose } = require('../dispose');
const { AbortError, MultiprocError, WorkerDiedError } = require('../errors');
const { howEnded } = require('../process/exit_reason');
const { moduleOf, refuseRepeatedLoad } = require('../process/loading');
const { discard, pack, takeBack, travel } = require('../travel');
const { Backlog } = require('./backlog');
const { chunk, collect, defaultChunkSize, shiftPath } = require('./chunks');
const { Functions } = require('./functions');
const { poolOptions } = require('./options');
const { FAILED, MAP, RUN } = require('./protocol');
const { Worker } = require('./worker');

/** Workers that die this often in a row before they are ready will not get better. */
const START_FAILURES_MAX = 3;

/** What src/memory/directory.rs calls a task queue. */
const TASK_QUEUE_KIND = 8;

let count = 0;

class Pool {
  #name;
  #size;
  #launchOptions;
  #workers = new Map();
  #queue;
  #queueHandle;
  #functions = new Functions((id, target) => {
    for (const worker of this.#workers.values()) worker.send({ define: id, target });
  });
  #lastTask = 0;
  /** Tasks that are not settled, by number. */
  #tasks = new Map();
  #backlog = new Backlog();
  #state = 'open';
  #startFailures = 0;
  #broken;
  #ended = deferred();

  constructor(options) {
    const { workers, name, ...launchOptions } = poolOptions('new Pool()', options);
    count += 1;
    this.#size = workers;
    this.#name = name ?? `Pool-${count}`;
    this.#launchOptions = launchOptions;
  }

  get name() {
    return this.#name;
  }

  // Its workers are children of this process.
  [travel]() {
    throw cannot('a Pool');
  }

  get size() {
    return this.#size;
  }

  get workers() {
    return [...this.#workers.values()].map(({ pid, index }) => ({ pid, index }));
  }

  run(fn, ...args) {
    return this.#submit('pool.run()', fn, RUN, args);
  }

  apply(fn, args = [], options = undefined) {
    const call = 'pool.apply()';
    try {
      if (!Array.isArray(args)) throw invalidType(call, 'args', 'an array of arguments', args);
      const signal = checkSignal(call, ownOptions(call, options, ['signal']).signal);
      return this.#submit(call, fn, RUN, args, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async map(fn, iterable, options) {
    const call = 'pool.map()';
    const { chunkSize, signal } = ownOptions(call, options, ['chunkSize', 'signal']);
    if (chunkSize !== undefined) checkInteger(call, 'chunkSize', chunkSize, 1, 2 ** 31 - 1);
    checkSignal(call, signal);
    if (iterable === null || iterable === undefined || !isIterable(iterable)) {
      throw invalidType(call, 'iterable', 'an iterable or an async iterable', iterable);
    }
    this.#refuseWhenClosed(call);
    if (signal?.aborted) throw new AbortError(signal.reason);
    this.#functions.idOf(call, fn);
    const items = await collect(iterable);
    const size = chunkSize ?? defaultChunkSize(items.length, this.#size);
    const chunks = chunk(items, size);
    // All are awaited before the first failure is told: nothing of this call goes on behind the caller's back.
    const settled = await Promise.allSettled(
      chunks.map((part, index) => this.#submit(call, fn, MAP, part, signal, index * size)),
    );
    const failed = settled.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return settled.flatMap(({ value }) => value);
  }

  close() {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    this.#endWhenIdle();
  }

  join() {
    if (this.#state === 'open') {
      return Promise.reject(
        new MultiprocError('ERR_MULTIPROC_POOL_CLOSED', 'pool.join(): close() or terminate() the pool first'),
      );
    }
    return this.#ended.promise;
  }

  async terminate() {
    if (this.#state !== 'ended') {
      this.#state = 'ended';
      this.#withdraw();
      const reason = () =>
        new MultiprocError('ERR_MULTIPROC_POOL_TERMINATED', `${this.#name} was terminated before the task was done`);
      this.#failAll(reason);
      for (const worker of this.#workers.values()) worker.child.kill('SIGKILL');
      this.#endWhenGone();
    }
    await this.#ended.promise;
  }

  async [asyncDispose]() {
    this.close();
    await this.join();
  }

  #submit(call, fn, mode, args, signal, offset = 0) {
    let id;
    try {
      this.#refuseWhenClosed(call);
      if (signal?.aborted) throw new AbortError(signal.reason);
      const definition = this.#functions.idOf(call, fn);
      refuseRepeatedLoad(call, moduleOf(this.#functions.target(definition)));
      this.#start();
      this.#lastTask = (this.#lastTask % 0xffff_fffe) + 1;
      id = this.#lastTask;
      const payload = pack([mode, definition, args], mode === MAP ? 'items' : 'args', '[2]');
      this.#enqueue(id, payload);
    } catch (error) {
      return Promise.reject(shiftPath(error, offset));
    }
    if (this.#tasks.size === 0) this.#keepAlive(true);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        // A worker that has taken the task goes on; nobody waits for it any more.
        discard(this.#backlog.remove(id));
        this.#settle(id)?.reject(new AbortError(signal.reason));
      };
      const done = signal === undefined ? undefined : onceAborted(signal, onAbort);
      const fail = offset === 0 ? reject : (error) => reject(shiftPath(error, offset));
      this.#tasks.set(id, { resolve, reject: fail, done });
    });
  }

  #enqueue(id, payload) {
    try {
      if (this.#backlog.length === 0 && native.submitTask(this.#queue, id, payload, payload.length)) return;
    } catch (error) {
      takeBack();
      throw error;
    }
    // The message is a view of a buffer that the next one overwrites.
    this.#backlog.push(id, Buffer.from(payload));
  }

  #refill() {
    while (this.#backlog.length > 0) {
      const [id, payload] = this.#backlog.first;
      try {
        if (!native.submitTask(this.#queue, id, payload, payload.length)) return;
        this.#backlog.dropFirst();
      } catch (error) {
        this.#backlog.dropFirst();
        discard(payload);
        this.#settle(id)?.reject(error);
      }
    }
  }

  #start() {
    if (this.#queue === undefined) {
      const [id, index, generation] = native.createTaskQueue(runtime.open());
      this.#queue = id;
      this.#queueHandle = [index, generation];
    }
    for (let index = 0; this.#workers.size < this.#size && index < this.#size; index += 1) {
      if (!this.#workers.has(index)) this.#startWorker(index);
    }
  }

  #startWorker(index) {
    native.shipTaskQueue(this.#queue);
    const events = {
      ready: () => {
        this.#startFailures = 0;
      },
      result: (id, status, value) => this.#result(id, status, value),
      died: (worker, cause) => this.#died(worker, cause),
    };
    const setup = {
      index,
      queue: this.#queueHandle,
      name: `${this.#name}:${index}`,
      definitions: Array.from(this.#functions.definitions(), ([id, target]) => ({ define: id, target })),
      launchOptions: this.#launchOptions,
    };
    const worker = new Worker(setup, events);
    this.#workers.set(index, worker);
    if (this.#tasks.size > 0) worker.channel.setReferenced(true);
  }

  #result(id, status, value) {
    const task = this.#settle(id);
    if (task === undefined) return;
    if (status === FAILED) task.reject(value);
    else task.resolve(value);
  }

  #settle(id) {
    const task = this.#tasks.get(id);
    if (task === undefined) return undefined;
    this.#tasks.delete(id);
    task.done?.();
    if (this.#backlog.length > 0) this.#refill();
    if (this.#tasks.size === 0) {
      this.#keepAlive(false);
      if (this.#state === 'closed') this.#endWhenIdle();
    }
    return task;
  }

  #died(worker, cause) {
    this.#workers.delete(worker.index);
    const { exitCode, signalCode } = worker.child;
    const { pid, exitReason } = worker;
    const how = howEnded(exitCode, signalCode, exitReason);
    for (const id of native.tasksOfDead(this.#queue, worker.token, worker.index)) {
      this.#settle(id)?.reject(
        new WorkerDiedError(`the worker of ${this.#name} that ran the task (process ${pid}) ${how}`, {
          pid,
          exitCode,
          signalCode,
          exitReason,
          cause,
        }),
      );
    }
    if (worker.token === 0) {
      // It may not have taken over the reference that was shipped for it.
      native.unship(TASK_QUEUE_KIND, ...this.#queueHandle);
      this.#startFailures += 1;
    }
    if (this.#startFailures >= START_FAILURES_MAX) {
      this.#break(cause ?? how);
    } else if (this.#state === 'open' || (this.#state === 'closed' && this.#tasks.size > 0)) {
      this.#replace(worker.index);
    }
    if (this.#state !== 'open') this.#endWhenGone();
  }

  #replace(index) {
    try {
      this.#startWorker(index);
    } catch (error) {
      this.#break(error);
    }
  }

  #break(cause) {
    const reason = cause instanceof Error ? cause.message : `the last one ${cause}`;
    this.#broken = new MultiprocError(
      'ERR_MULTIPROC_POOL_BROKEN',
      `the workers of ${this.#name} die before they are ready (${reason}); see what they print on stderr`,
      cause instanceof Error ? { cause } : undefined,
    );
    this.#withdraw();
    this.#failAll(() => this.#broken);
  }

  #withdraw() {
    if (this.#queue !== undefined) for (const payload of native.withdrawTasks(this.#queue)) discard(payload);
  }

  #failAll(reason) {
    for (const payload of this.#backlog.clear()) discard(payload);
    for (const id of [...this.#tasks.keys()]) this.#settle(id)?.reject(reason());
  }

  #refuseWhenClosed(call) {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#state === 'open') return;
    throw new MultiprocError('ERR_MULTIPROC_POOL_CLOSED', `${call}: ${this.#name} is closed and takes no more tasks`);
  }

  #endWhenIdle() {
    if (this.#tasks.size > 0) return;
    for (const worker of this.#workers.values()) {
      worker.child.ref();
      worker.send({ stop: true });
    }
    this.#endWhenGone();
  }

  #endWhenGone() {
    if (this.#workers.size > 0) {
      for (const worker of this.#workers.values()) worker.child.ref();
      return;
    }
    if (this.#tasks.size > 0) return;
    if (this.#queue !== undefined) native.closeTaskQueue(this.#queue);
    this.#queue = undefined;
    this.#state = 'ended';
    this.#ended.resolve();
  }

  // A pool keeps the program alive while it has tasks, and not otherwise.
  #keepAlive(referenced) {
    for (const worker of this.#workers.values()) worker.channel.setReferenced(referenced);
  }
}

function isIterable(value) {
  return typeof value[Symbol.iterator] === 'function' || typeof value[Symbol.asyncIterator] === 'function';
}

function deferred() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
}

module.exports = { Pool };
