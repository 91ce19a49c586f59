'use strict';
// Queues whose users are killed with SIGKILL at any moment: nothing that was accepted is lost unless it was in the hands
// of the dead, nothing comes twice, nobody hangs, and the sizes are right.
//
// SEED=n repeats the choices of a run. QUEUE_PROCESSES=8 QUEUE_MESSAGES=1000000 npx ava __test__/queue/kills.test.js
// --timeout=30m makes it larger: so many producers and as many consumers, so many messages in all (4 and 8,000 unless
// given); QUEUE_KILLS=n kills up to so many of either (7).

const path = require('node:path');
const test = require('ava');
// A wake-up that gets lost is a hang then, and no delay. Before anything of the package is loaded.
process.env.MULTIPROC_LOOK_AGAIN_MS = '60000';
const { Lock, Process, Queue, SharedArray, sharedBuffer } = require('../..');
const { blocksAreBackTo, liveBlocks } = require('../fixtures/process/watch');
const { BOUND, asleep, delay, kill, ready, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

const target = (name) => ({ module: path.join(__dirname, '..', 'fixtures', 'queue', 'kills.js'), export: name });
const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const SEED = number('SEED', Date.now() % 2 ** 31);
const PROCESSES = number('QUEUE_PROCESSES', 4);
const MESSAGES = number('QUEUE_MESSAGES', 8000);
const KILLS = number('QUEUE_KILLS', 7);
const IS_LARGE = MESSAGES > 100_000;
const SECONDS = 30 + MESSAGES / 1000;

/** mulberry32: enough to choose victims and moments, the same everywhere. */
function randomOf(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What the promise resolves with; rejects after a time that is out of all proportion. */
async function bounded(what, promise) {
  const late = new AbortController();
  const watchdog = delay(SECONDS * 1000, undefined, late).then(() => {
    throw new Error(`not within ${SECONDS} s: ${what}`);
  });
  try {
    return await Promise.race([promise, watchdog]);
  } finally {
    watchdog.catch(() => {});
    late.abort();
  }
}

/**
 * Runs producers and consumers, kills random ones of both, and starts another for each that was killed. A producer that
 * was killed is not replaced by one that goes on with its numbers: the next one has numbers of its own.
 */
async function massacre(t, { queue, random, consumer }) {
  const producersMax = PROCESSES + KILLS;
  const each = Math.ceil(MESSAGES / PROCESSES);
  const { view: accepted } = new SharedArray('i32', producersMax);
  const { view: got } = new SharedArray('i32', producersMax * each);
  const { view: done } = new SharedArray('i32', producersMax * each);
  const { view: faults } = new SharedArray('i32', 1);
  let producers = 0;
  const killed = { producers: 0, consumers: 0 };
  const deadProducers = new Set();
  const alive = { producers: [], consumers: [] };
  const start = async (kind) => {
    if (kind === 'producers') {
      const producer = producers++;
      // In bursts, so that the kills come while there is traffic.
      const burst = 1 + random(60);
      const what = { count: each, padding: 50 + random(100), burst, pause: IS_LARGE ? 0 : burst / 3 };
      const child = await ready(t, target('produces'), queue, accepted, producer, what);
      alive.producers.push({ child, producer });
    } else {
      const child = await (consumer === 'consumes'
        ? ready(t, target('consumes'), queue, got, faults, producersMax, each, SECONDS)
        : ready(t, target('acknowledges'), queue, got, done, faults, each));
      alive.consumers.push({ child });
    }
  };
  const starts = [];
  for (let count = 0; count < PROCESSES; count += 1) await start('consumers');
  for (let count = 0; count < PROCESSES; count += 1) await start('producers');
  for (let count = 0; count < KILLS; count += 1) {
    for (const kind of ['producers', 'consumers']) {
      await delay(random(IS_LARGE ? 500 : 20));
      const running = alive[kind].filter(({ child }) => child.isAlive());
      if (running.length === 0) continue;
      const victim = running[random(running.length)];
      victim.child.kill();
      await victim.child.join();
      alive[kind].splice(alive[kind].indexOf(victim), 1);
      if (victim.child.signalCode !== 'SIGKILL') continue;
      killed[kind] += 1;
      if (kind === 'producers') deadProducers.add(victim.producer);
      starts.push(start(kind));
    }
  }
  await Promise.all(starts);
  t.deepEqual(
    await bounded('producers end', Promise.all(alive.producers.map(({ child }) => child.result))),
    alive.producers.map(() => 'done'),
  );
  queue.shutdown();
  const turns = await bounded('consumers end', Promise.all(alive.consumers.map(({ child }) => child.result)));
  await Promise.all([...alive.producers, ...alive.consumers].map(({ child }) => child.join()));
  t.log(`killed ${killed.producers} producers and ${killed.consumers} consumers; the others got ${turns.join(' ')}`);
  t.true(killed.consumers > 0 && killed.producers > 0);
  return { accepted, got, done, faults, producers, each, killed, deadProducers };
}

/** What became of the messages, by producer: accepted for certain, or perhaps (the one that it was killed with). */
function* messages({ accepted, producers, each, deadProducers }) {
  for (let producer = 0; producer < producers; producer += 1) {
    for (let index = 0; index < each; index += 1) {
      const place = producer * each + index;
      if (index < accepted[producer]) yield { place, isCertain: true, isPossible: true };
      else yield { place, isCertain: false, isPossible: deadProducers.has(producer) && index === accepted[producer] };
    }
  }
}

for (const [what, options] of [
  ['unbounded', {}],
  ['of 100 items', { maxSize: 100 }],
  ['of 4000 bytes', { maxBytes: 4000 }],
]) {
  test.serial(
    `producers_and_consumers_killed_queue_${what}_each_message_arrives_once_or_died_with_its_consumer`,
    async (t) => {
      t.timeout(SECONDS * 4000);
      t.log(`SEED=${SEED}`);
      const queue = new Queue(options);
      const outcome = await massacre(t, { queue, random: randomOf(SEED), consumer: 'consumes' });
      const { got, faults, killed } = outcome;
      t.is(faults[0], 0, 'of one producer, in its order');
      const found = { once: 0, lost: 0, twice: 0, unsent: 0 };
      for (const { place, isCertain, isPossible } of messages(outcome)) {
        if (got[place] > 1) found.twice += 1;
        else if (got[place] === 1 && isPossible) found.once += 1;
        else if (got[place] === 1) found.unsent += 1;
        else if (isCertain) found.lost += 1;
      }
      t.log(found);
      t.is(found.twice, 0);
      t.is(found.unsent, 0, 'nothing arrives that was not sent');
      // A consumer has one message in its hands at most, got and not yet noted.
      t.true(found.lost <= killed.consumers, `${found.lost} lost with ${killed.consumers} consumers`);
      t.is(queue.size, 0);
      t.is(queue.byteLength, 0);
      t.true(queue.empty);
      t.false(queue.full);
      t.throws(() => queue.getSync(), { code: 'ERR_MULTIPROC_QUEUE_CLOSED' });
    },
  );
}

test.serial('consumers_killed_with_items_that_are_to_be_acknowledged_none_is_lost', async (t) => {
  t.timeout(SECONDS * 4000);
  t.log(`SEED=${SEED}`);
  const queue = new Queue({ ackMode: 'manual', maxSize: 200 });
  const outcome = await massacre(t, { queue, random: randomOf(SEED + 1), consumer: 'acknowledges' });
  const { got, done, faults, killed } = outcome;
  t.is(faults[0], 0, 'what somebody had before is marked');
  const found = { done: 0, lost: 0, twice: 0, unsent: 0, unnoted: 0, again: 0 };
  for (const { place, isCertain, isPossible } of messages(outcome)) {
    if (done[place] > 1) found.twice += 1;
    if (got[place] > 1) found.again += 1;
    if (got[place] > 0 && !isPossible) found.unsent += 1;
    if (done[place] === 1) found.done += 1;
    else if (got[place] > 0) found.unnoted += 1;
    else if (isCertain) found.lost += 1;
  }
  t.log(found);
  t.is(found.lost, 0);
  t.is(found.twice, 0);
  t.is(found.unsent, 0);
  t.true(found.unnoted <= killed.consumers, 'acknowledged, and killed before it was noted');
  t.is(queue.size, 0);
  t.is(queue.byteLength, 0);
  t.is(queue.unfinished, 0);
  t.true(queue.joinSync(0));
});

test.serial('holder_of_items_killed_they_come_again_marked_and_before_others', async (t) => {
  const queue = new Queue({ ackMode: 'manual' });
  const lock = new Lock();
  for (let count = 0; count < 5; count += 1) queue.putSync({ count, lock, bytes: Buffer.alloc(count * 10_000, count) });
  const holder = await ready(
    t,
    (begins, there) => {
      const held = [there.getSync(), there.getSync(), there.getSync()];
      held[1].ack();
      begins.release();
      return new Promise(() => setInterval(() => held, 60_000));
    },
    queue,
  );
  t.is(queue.size, 2);
  t.is(queue.unfinished, 4);
  await kill(holder);
  const got = [];
  for (let count = 0; count < 4; count += 1) got.push(await queue.get({ timeout: BOUND }));
  t.deepEqual(
    got.map(({ value, redelivered }) => [value.count, redelivered]),
    [
      [0, true],
      [2, true],
      [3, false],
      [4, false],
    ],
  );
  for (const { value } of got) {
    t.true(value.bytes.length === value.count * 10_000 && value.bytes.every((byte) => byte === value.count));
    t.true(value.lock.tryAcquire());
    lock.release();
  }
  for (const delivery of got) delivery.ack();
  t.is(queue.unfinished, 0);
});

test.serial('holder_of_an_item_killed_while_others_wait_one_of_them_gets_it', async (t) => {
  for (const blocks of [true, false]) {
    const queue = new Queue({ ackMode: 'manual' });
    queue.putSync('the only one');
    const holder = await ready(
      t,
      async (begins, there) => {
        const held = there.getSync();
        begins.release();
        await new Promise(() => setInterval(() => held, 60_000));
      },
      queue,
    );
    const waiter = await ready(
      t,
      async (begins, there, isBlocking) => {
        const got = isBlocking ? undefined : there.get();
        begins.release();
        const delivery = isBlocking ? there.getSync() : await got;
        delivery.ack();
        return [delivery.value, delivery.redelivered];
      },
      queue,
      blocks,
    );
    await asleep(waiter.pid);
    const here = queue.join();
    await kill(holder);
    t.deepEqual(await bounded('the waiter gets it', waiter.result), ['the only one', true]);
    t.true(await bounded('the work is done', here));
  }
});

test.serial('waiter_killed_the_item_goes_to_another', async (t) => {
  const waits = (begins, there) => {
    begins.release();
    return there.getSync();
  };
  for (let round = 0; round < 3; round += 1) {
    const queue = new Queue();
    const [victim, other] = [await ready(t, waits, queue), await ready(t, waits, queue)];
    for (const { pid } of [victim, other]) await asleep(pid);
    if (round === 0) await kill(victim);
    queue.putSync('first');
    // Killed as it is woken: it may have had the item.
    if (round > 0) await kill(victim);
    queue.putSync('second');
    const got = await bounded('the other gets an item', other.result);
    t.true(['first', 'second'].includes(got));
    const left = queue.tryGet();
    if (round === 0) t.deepEqual([got, left], ['first', 'second']);
    t.not(left, got);
    t.is(queue.size, 0);
  }
});

test.serial('putter_killed_while_it_waits_for_room_the_next_one_is_let_in', async (t) => {
  const queue = new Queue({ maxSize: 1 });
  queue.putSync('first');
  const puts = (begins, there, item) => {
    begins.release();
    there.putSync(item);
  };
  const [victim, other] = [await ready(t, puts, queue, 'victim'), await ready(t, puts, queue, 'other')];
  for (const { pid } of [victim, other]) await asleep(pid);
  await kill(victim);
  t.is(queue.getSync(), 'first');
  await bounded('the other is let in', other.result);
  t.is(queue.getSync(0), 'other');
});

for (const [what, items, size] of [
  ['100,000 small items', 100_000, 0],
  ['a gigabyte in items of a megabyte', 1000, 1_000_000],
]) {
  test.serial(`put_and_exit_at_once_${what}_arrive`, async (t) => {
    t.timeout(120_000);
    const queue = new Queue();
    const child = new Process(
      (there, count, length) => {
        const bytes = Buffer.alloc(length, 7);
        for (let number = 0; number < count; number += 1) {
          if (length > 0) bytes.writeUInt32LE(number);
          there.put(length === 0 ? number : bytes);
        }
        process.exit(0);
      },
      { args: [queue, items, size] },
    ).start();
    child.result.catch(() => {});
    await bounded('the child exits', child.join());
    t.is(child.exitCode, 0);
    t.is(queue.size, items);
    t.true(queue.byteLength >= items * size);
    let wrong = 0;
    for (let number = 0; number < items; number += 1) {
      const item = queue.getSync(0);
      if (size === 0 ? item !== number : item.length !== size || item.readUInt32LE() !== number || item[4] !== 7)
        wrong += 1;
      // Let what was read be collected.
      if (size > 0 && number % 50 === 0) await new Promise(setImmediate);
    }
    t.is(wrong, 0);
    t.is(queue.size, 0);
    t.is(queue.byteLength, 0);
  });
}

test.serial('everybody_killed_what_is_inside_of_unread_items_ends_with_the_queue', async (t) => {
  const blocks = await liveBlocks();
  await (async () => {
    const names = ['auto', 'manual'];
    for (const ackMode of names) {
      const child = await ready(
        t,
        (begins, main, mode) => {
          const { Lock: TheLock, Pipe, Queue: TheQueue, sharedBuffer: share } = require(main);
          const queue = new TheQueue({ ackMode: mode });
          for (let count = 0; count < 20; count += 1) {
            queue.putSync({ lock: new TheLock(), bytes: share(1000), inner: new TheQueue(), pipe: Pipe() });
            queue.putSync(Buffer.alloc(50_000));
          }
          const held = queue.getSync();
          begins.release();
          return new Promise(() => setInterval(() => [held, queue], 60_000));
        },
        path.join(__dirname, '..', '..'),
        ackMode,
      );
      t.true((await liveBlocks()) > blocks + 100);
      await kill(child);
      await blocksAreBackTo(blocks);
    }
  })();
  await (async () => {
    // Of a queue that a survivor has, and closes.
    const queue = new Queue();
    const child = await ready(
      t,
      (begins, there, main) => {
        const { Lock: TheLock, sharedBuffer: share } = require(main);
        for (let count = 0; count < 20; count += 1) there.putSync([new TheLock(), share(1000)]);
        begins.release();
        return new Promise(() => setInterval(() => {}, 60_000));
      },
      queue,
      path.join(__dirname, '..', '..'),
    );
    await kill(child);
    t.true((await liveBlocks()) >= blocks + 40, 'they are kept as long as the queue is');
    const [lock, bytes] = queue.getSync();
    t.true(lock.tryAcquire());
    t.is(bytes.byteLength, sharedBuffer(1000).byteLength);
    queue.close();
  })();
  await blocksAreBackTo(blocks);
});
