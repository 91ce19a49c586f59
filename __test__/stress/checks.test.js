'use strict';
// The checks of the stress program find what they are for: each is shown the fault once.

const test = require('ava');
const { Board, HEAD, LIFE, PHASE, RECORD, idOf, recordOf } = require('../../stress/board');
const exclusion = require('../../stress/exclusion');
const { Flow } = require('../../stress/flow');
const { BLOCKING, BLOCKING_LIMITED, wait } = require('../../stress/forms');
const { Lives } = require('../../stress/lives');
const places = require('../../stress/places');
const { Random } = require('../../stress/random');
const { Watchdog } = require('../../stress/watchdog');
const { Process } = require('../..');
const { warmUp } = require('../fixtures/process/watch');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

/** A board with two flows of this process, and one of a process that has ended. */
function scene() {
  const { board } = Board.create(8, [{ name: 'Something', words: 8 }]);
  const lives = new Lives(board);
  let time = 0;
  const now = () => time;
  for (const life of [1, 2, 3]) {
    lives.enter(life, process.pid);
    lives.begin(life);
  }
  const flow = (life, seat) => {
    const made = new Flow({
      board,
      lives,
      now,
      id: idOf(life, 0, 0),
      record: recordOf(seat, 0, 0),
      threadId: process.pid,
      isAlone: true,
    });
    made.random = new Random('checks', life);
    made.begin(0);
    return made;
  };
  const flows = [flow(1, 0), flow(2, 1), flow(3, 2)];
  lives.end(3);
  const pass = (milliseconds) => {
    time += milliseconds;
  };
  return { board, lives, flows, now, pass, words: board.primitives[0] };
}

test('exclusion: one after the other is no fault', (t) => {
  const { board, flows, words } = scene();
  for (const flow of [flows[0], flows[1], flows[0]]) {
    exclusion.enter(flow, words, null);
    exclusion.leave(flow, words);
  }
  t.deepEqual(board.faults(), []);
});

test('exclusion: two at the same time are found by the second and by the first', (t) => {
  const { board, flows, words } = scene();
  exclusion.enter(flows[0], words, null);
  exclusion.enter(flows[1], words, null);
  exclusion.leave(flows[0], words);
  const [second, first] = board.faults();
  t.regex(second, /^Something: life 2 .*: came in while life 1 .* was inside$/);
  t.regex(first, /^Something: life 1 .*: leaves, and life 2 .* is inside$/);
});

test('exclusion: who comes after one that was killed inside must have been told', (t) => {
  const { board, flows, words } = scene();
  exclusion.enter(flows[2], words, null);
  exclusion.enter(flows[0], words, { pid: process.pid });
  t.deepEqual(board.faults(), []);
  exclusion.leave(flows[0], words);

  exclusion.enter(flows[2], words, null);
  exclusion.enter(flows[0], words, null);
  t.regex(board.faults()[0], /life 3 .* was killed inside, and abandonedBy is null/);
});

test('exclusion: abandonedBy must be of the dead', (t) => {
  const { board, flows, words, lives } = scene();
  Atomics.store(board.life(3), LIFE.PID, 1);
  exclusion.enter(flows[0], words, { pid: process.pid });
  t.regex(board.faults()[0], /abandonedBy is process \d+, which nobody has killed/);
  t.false(lives.wasDoomed(process.pid));
  t.true(lives.wasDoomed(1));
});

test('exclusion: writes of who is not inside are found', (t) => {
  const { board, flows, words } = scene();
  exclusion.enter(flows[0], words, null);
  exclusion.leave(flows[0], words);
  words[1] += 1;
  exclusion.enter(flows[1], words, null);
  t.regex(board.faults()[0], /2 have begun and 1 are done, and nobody was inside/);
});

test('places: as many as there are, then a fault; those of the dead only where they are inherited', (t) => {
  const { board, flows, words } = scene();
  const room = words.subarray(0, 2);
  places.take(flows[2], room, { heirs: true });
  t.is(places.take(flows[0], room, { heirs: true }), 0);
  t.is(places.take(flows[1], room, { heirs: true }), 1);
  t.deepEqual(board.faults(), []);
  t.is(places.take(flows[2], room, { heirs: true }), -1);
  t.regex(board.faults()[0], /acquired while 2 were inside: life 1 .*, life 2 /);

  const other = words.subarray(2, 3);
  places.take(flows[2], other, { heirs: false });
  t.is(places.take(flows[0], other, { heirs: false }), -1);
  t.is(places.clear(other, flows[2].id), 1);
  t.is(places.take(flows[0], other, { heirs: false }), 0);
});

/** Draws one form after the other until it has that one, and waits so. */
async function waitBy(wanted, flow, outcome) {
  for (let turn = 0; turn < 1000; turn += 1) {
    flow.random = new Random('form', turn);
    const form = flow.random.weighted([
      [35, BLOCKING],
      [10, BLOCKING_LIMITED],
      [55, undefined],
    ]);
    flow.random = new Random('form', turn);
    if (form === wanted) return wait(flow, { sync: outcome, promise: async () => true, attempt: () => true });
  }
  throw new Error('no such form');
}

test('forms: a wait without a limit may not give up, one with a limit not too early', async (t) => {
  const first = scene();
  t.true(await waitBy(BLOCKING, first.flows[0], () => true));
  t.deepEqual(first.board.faults(), []);
  await waitBy(BLOCKING, first.flows[0], () => false);
  t.regex(first.board.faults()[0], /a wait without a limit gave false/);

  const second = scene();
  let limit;
  await waitBy(BLOCKING_LIMITED, second.flows[0], (given) => {
    limit = given;
    second.pass(given);
    return false;
  });
  t.true(limit > 0);
  t.deepEqual(second.board.faults(), []);
  await waitBy(BLOCKING_LIMITED, second.flows[0], (given) => {
    second.pass(given / 2);
    return false;
  });
  t.regex(second.board.faults()[0], /a wait with a limit of \d+ ms was over after/);
});

test('flow: who was not woken and looked by itself is late, unless somebody was stopped', (t) => {
  const { board, flows, pass } = scene();
  const acquire = (flow) => {
    flow.asks(0);
    Atomics.add(board.head, HEAD.CLOCK, 1000);
    pass(1000);
  };
  acquire(flows[0]);
  Atomics.add(board.head, HEAD.STOPS, 1);
  flows[0].holds();
  t.deepEqual(board.faults(), []);
  acquire(flows[0]);
  flows[0].holds();
  t.regex(board.faults()[0], /got it after 1000 ms: nobody had woken it/);
});

test('flow: nobody begins what is paused', (t) => {
  const { board, flows } = scene();
  flows[0].end();
  board.store(HEAD.PAUSED, 1);
  t.false(flows[0].begin(0));
  t.is(board.flowsAt(0).length, 2);
});

/** Ticks as often as it takes to let so many milliseconds pass. */
function watchFor(milliseconds, { board, lives, now, pass }, until = () => false) {
  const watchdog = new Watchdog({ board, lives, now, family: { members: [], running: [] } });
  for (let passed = 0; passed < milliseconds && !until(); passed += 10) {
    pass(10);
    watchdog.tick();
  }
}

test('watchdog: two seconds more than a wait may take are a hang', (t) => {
  const there = scene();
  for (const flow of there.flows) flow.end();
  const keepBusy = () => {
    there.flows[1].begin(0);
    there.flows[1].end();
    return false;
  };
  there.flows[0].begin(0);
  there.flows[0].asks(500);
  watchFor(2400, there, keepBusy);
  t.deepEqual(there.board.faults(), []);
  watchFor(200, there, keepBusy);
  t.regex(there.board.faults()[0], /^hangs for 20\d\d ms: life 1 .*: Lock, waits .* of at most 500 ms/);
});

test('watchdog: time in which a member is stopped, or the parent cannot run, does not count', (t) => {
  const there = scene();
  there.board.store(HEAD.STOPPED, 1);
  watchFor(5000, there);
  there.board.store(HEAD.STOPPED, 0);
  there.pass(5000);
  watchFor(1000, there);
  t.deepEqual(there.board.faults(), []);
  t.true(there.board.load(HEAD.CLOCK) >= 1000);
});

test('watchdog: who was killed does not hang', (t) => {
  const there = scene();
  there.lives.doom(1);
  there.lives.doom(2);
  watchFor(5000, there);
  t.deepEqual(there.board.faults(), []);
});

test('lives: a process that was killed is dead, whatever the package believes', async (t) => {
  const { lives } = scene();
  const child = new Process(() => new Promise((resolve) => setTimeout(resolve, 60_000))).start();
  child.result.catch(() => {});
  lives.enter(4, child.pid);
  lives.begin(4);
  t.true(lives.isAlive(idOf(4, 0, 0)));
  child.kill();
  await child.join();
  t.false(lives.isAlive(idOf(4, 0, 0)));
});

test('board: the first faults keep their text, the others are counted', (t) => {
  const { board } = scene();
  const long = 'x'.repeat(10_000);
  for (let number = 0; number < 20; number += 1) board.fault(`${number} ${long}`);
  t.is(board.load(HEAD.FAULTS), 20);
  t.is(board.faults().length, 8);
  t.regex(board.faults()[7], /^7 x+$/);
});

test('board: a record tells what a flow is at', (t) => {
  const { board, flows } = scene();
  flows[0].asks(7, 2);
  const [found] = board.flowsAt(0);
  t.is(found.id, flows[0].id);
  t.is(found.phase, PHASE.ASKS);
  t.is(found.record[RECORD.ALLOWED], 7);
  flows[0].end();
  t.is(board.flowsAt(0).length, 2);
});
