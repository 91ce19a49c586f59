'use strict';
// One worker process, as its pool sees it.

const path = require('node:path');
const { launch } = require('../process/launch');
const { unpack } = require('../travel');
const { FAILED, READY } = require('./protocol');

const ENTRY = path.join(__dirname, '..', 'child', 'pool_worker.js');

class Worker {
  /**
   * @param {{ index: number, queue: number[], name: string, definitions: object[], launchOptions: object }} setup
   *   `definitions`: of tasks that are in the queue already, which it may take as soon as it runs
   */
  constructor({ index, queue, name, definitions, launchOptions }, events) {
    this.index = index;
    this.token = 0;
    this.ended = false;
    const { child, channel, record } = launch('pool', ENTRY, {
      ...launchOptions,
      firstMessage: { queue, index, name },
      laterMessages: definitions,
    });
    this.child = child;
    this.record = record;
    // Let go of by the child when it ends.
    this.handle = child._handle;
    this.hasCpuTime = launchOptions.cpuTime !== undefined;
    this.channel = channel;
    this.events = events;
    // Nor do its pipes keep this program alive.
    for (const part of [child, ...child.stdio]) part?.unref?.();
    channel.listen(
      (type, content) => this.#receive(type, content),
      () => {},
      false,
      (error) => this.#cannotRead(error),
    );
    child.once('error', (error) => this.#end(error));
    child.once('exit', () => this.#end());
  }

  get pid() {
    return this.child.pid;
  }

  /** Why it ended. */
  get exitReason() {
    const { exitCode, signalCode } = this.child;
    const { isOverMemory } = this.handle;
    return this.record.reason({ exitCode, signalCode, isOverMemory, hasCpuTime: this.hasCpuTime });
  }

  send(message) {
    // A worker that has just died is dealt with when its exit is known.
    if (!this.ended) ignoreClosed(() => this.channel.sendValue(message, 'target'));
  }

  #receive(type, content) {
    if (type === READY) {
      this.token = unpack(content);
      this.events.ready();
      return;
    }
    const task = content.readUInt32LE(0);
    try {
      this.events.result(task, type, unpack(content.subarray(4)));
    } catch (error) {
      // What the worker sent cannot be read: the task ends with that.
      this.events.result(task, FAILED, error);
    }
  }

  /** It has overwritten the memory of its channel: no result of its will come. */
  #cannotRead(error) {
    this.unreadable = error;
    this.child.kill('SIGKILL');
  }

  #end(cause) {
    if (this.ended) return;
    // The results it had sent count, whatever order the events had.
    this.channel.flush();
    this.ended = true;
    this.channel.discardUndelivered();
    this.channel.close();
    this.events.died(this, cause ?? this.unreadable);
    // Its note is shared memory, which is not to wait for the collector.
    this.record = undefined;
  }
}

function ignoreClosed(action) {
  try {
    action();
  } catch (error) {
    if (error.code !== 'ERR_MULTIPROC_CHANNEL_CLOSED') throw error;
  }
}

module.exports = { Worker };
