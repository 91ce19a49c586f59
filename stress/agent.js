'use strict';
// What one thread of a member does: its flows, each one operation after the other, until the run ends.

const { setTimeout: delay } = require('node:timers/promises');
const { idOf, recordOf } = require('./board');
const { Flow, stopwatch } = require('./flow');
const { Lives } = require('./lives');
const { Random } = require('./random');
const { workloads } = require('./workloads');
const native = require('../lib/binding');

/** How often a flow lets its objects go before an operation, and opens them again by their names. */
const LETS_GO = 0.02;
/** How often it sends objects to the parent, if it can. */
const SENDS_BACK = 0.003;

/**
 * @param {object} part
 * @param {import('./board').Board} part.board
 * @param {{ seed: string, life: number, seat: number, selected: number[], begun: number }} part.setup
 * @param {number} part.thread 0 for the main thread
 * @param {number} part.flows how many
 * @param {import('./hands').Hands[]} part.hands one for each flow
 * @param {(objects: object) => void} [part.sendBack]
 */
async function hammer({ board, setup, thread, flows, hands, sendBack }) {
  const lives = new Lives(board);
  const now = stopwatch(setup.begun);
  const { threadId } = native.agentInfo(native.ownToken());
  const running = Array.from({ length: flows }, async (_, number) => {
    // A turn of the loop for each: a re-entrant lock tells flows by their asynchronous contexts.
    await new Promise(setImmediate);
    const flow = new Flow({
      board,
      lives,
      now,
      threadId,
      id: idOf(setup.life, thread, number),
      record: recordOf(setup.seat, thread, number),
      isAlone: flows === 1,
    });
    await run({ board, flow, setup, place: [setup.life, thread, number], hands: hands[number], sendBack });
  });
  await Promise.all(running);
}

async function run({ board, flow, setup, place, hands, sendBack }) {
  const { seed, selected } = setup;
  const choices = selected.map((number) => [workloads[number].weight ?? 1, number]);
  for (let step = 0; !flow.isEnding; step += 1) {
    const random = new Random(seed, ...place, step);
    flow.random = random;
    const number = random.weighted(choices);
    if (!flow.begin(number)) {
      await delay(1);
      continue;
    }
    try {
      if (random.chance(LETS_GO)) hands.letGo(number);
      const objects = hands.of(number);
      if (sendBack !== undefined && random.chance(SENDS_BACK)) flow.send(sendBack, objects);
      await workloads[number].step(flow, objects, board.primitives[number]);
    } catch (error) {
      flow.fault(error.stack);
      throw error;
    }
    flow.end();
    // Messages and timers get their turn.
    if (step % 8 === 0) await new Promise(setImmediate);
  }
  flow.leave();
  hands.closeAll();
}

module.exports = { hammer };
