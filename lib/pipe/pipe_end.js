'use strict';
// That somebody has an end of a pipe: a block which is there as long as any thread of any process holds it, or a message
// with it is on its way.

const native = require('../binding');
const { SharedObject, open } = require('../sync/shared_object');
const { KIND, onRevive } = require('../travel');

const TYPE = {
  kind: KIND.pipeEnd,
  name: 'Connection',
  noun: 'connection',
  create: (queues) => native.createPipeEnd(queues),
};

class PipeEnd extends SharedObject {
  /** @param {object[]} queues the native ones on which others may wait for what this end does */
  constructor(queues, internal) {
    super(TYPE, undefined, internal, () => queues.flatMap((queue) => queue.identity()));
  }

  /** @returns {[number, number]} */
  get identity() {
    return open(this, 'identity').identity();
  }
}

onRevive(KIND.pipeEnd, (index, generation) => new PipeEnd(undefined, { index, generation }));

module.exports = { PipeEnd };
