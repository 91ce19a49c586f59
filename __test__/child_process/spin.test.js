'use strict';
// The event loop's short wait for the next message before it sleeps (src/channel/spin.rs).

const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const test = require('ava');
const { fork } = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'fork', name);
/** Long enough that every answer comes within it, also here and now. */
const LONG = { MULTIPROC_SPIN_US: '1000' };

test.serial('while_messages_keep_coming_timers_and_sockets_are_served_between_them', async (t) => {
  const child = fork(fixture('busy_between.js'), [], { env: { ...process.env, ...LONG } });
  const exited = once(child, 'exit');
  let count = 0;
  const told = new Promise((resolve) => {
    child.on('message', (message) => {
      if (message) resolve(message);
      else child.send(++count === 200);
    });
  });
  const { handled, delays } = await told;
  t.log(delays);
  t.is(handled, 199);
  // The timer may be seen one turn late, the datagram as well; the row of a spin would be 32.
  t.true(delays.timer <= 4, `${delays.timer} messages came before a timer that was due`);
  t.true(delays.datagram <= 4, `${delays.datagram} messages came before a datagram`);
  t.deepEqual(await exited, [0, null]);
});

async function processorTime(spin) {
  const child = fork(fixture('cpu_time.js'), [], { env: { ...process.env, MULTIPROC_SPIN_US: spin } });
  const exited = once(child, 'exit');
  let used;
  for (let count = 1; count <= 200; count += 1) {
    child.send(count === 200);
    [used] = await once(child, 'message');
    // Not to order anything: the next message comes long after the spin has ended.
    await delay(3);
  }
  await exited;
  return used;
}

test.serial('spins_in_vain_are_given_up', async (t) => {
  const without = await processorTime('0');
  const withSpins = await processorTime('1000');
  t.log({ without, withSpins });
  // Each takes a millisecond. All would be 200, fewer than 20 are made.
  t.true(withSpins - without < 100, `${withSpins - without} ms went into spins in vain`);
});
