'use strict';
// Pipe(): two queues, or one, and an end of them for each side.

const { checkInteger, invalidType, ownOptions } = require('../arguments');
const { Queue } = require('../queue/queue');
const { open } = require('../sync/shared_object');
const { Connection } = require('./connection');
const { PipeEnd } = require('./pipe_end');

const HIGH_WATER_MARK = 16 * 1024 * 1024;

function Pipe(options) {
  const { duplex = true, highWaterMark = HIGH_WATER_MARK } = ownOptions('Pipe()', options, ['duplex', 'highWaterMark']);
  if (typeof duplex !== 'boolean') throw invalidType('Pipe()', 'duplex', 'a boolean', duplex);
  checkInteger('Pipe()', 'highWaterMark', highWaterMark, 0, Number.MAX_SAFE_INTEGER);
  const queue = () => new Queue({ maxBytes: highWaterMark });
  const [toFirst, toSecond] = [queue(), duplex ? queue() : null];
  const natives = [toFirst, toSecond].filter((one) => one !== null).map((one) => open(one, 'Pipe'));
  const [first, second] = [new PipeEnd(natives), new PipeEnd(natives)];
  const [third, fourth] = [again(toFirst), toSecond && again(toSecond)];
  return [
    new Connection({ end: first, peer: second.identity, incoming: toFirst, outgoing: toSecond }),
    new Connection({ end: second, peer: first.identity, incoming: fourth, outgoing: third }),
  ];
}

/** Another object for the same queue: each end closes its own. */
function again(queue) {
  const shared = open(queue, 'Pipe');
  shared.ship();
  const [index, generation] = shared.identity();
  return new Queue(undefined, { index, generation });
}

module.exports = { Pipe };
