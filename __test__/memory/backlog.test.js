'use strict';
// Messages lie in shared memory until they are read. When their reader ends without that, in whatever way, that memory
// comes back.

const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('ava');
const { Lock, Semaphore, fork, sharedBuffer } = require('../..');
const native = require('../../lib/binding');
const { blocksAreBackTo, liveBlocks } = require('../fixtures/process/watch');
const { BOUND, warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'memory', name);

/** Sends so much that the ring goes on in other segments; large messages; and shared objects. */
function sendBacklog(child) {
  for (let count = 0; count < 60; count += 1) child.send(Buffer.alloc(10_000));
  for (let count = 0; count < 4; count += 1) child.send(Buffer.alloc(1 << 20));
  child.send([new Lock(), sharedBuffer(100_000)]);
}

/** A forked program with many messages that it will never read, since it is stopped. @returns what ends with it, and its agent */
async function withBacklog() {
  const child = fork(fixture('reads.js'), [], { serialization: 'advanced' });
  child.send('who');
  const [token] = await once(child, 'message');
  child.kill('SIGSTOP');
  sendBacklog(child);
  return { child, token };
}

test.serial('reader_killed_with_a_backlog_its_memory_comes_back', async (t) => {
  const before = await liveBlocks();
  for (let round = 0; round < 3; round += 1) {
    const { child } = await withBacklog();
    t.true(native.domainInfo().liveBlocks >= before + 6);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  await blocksAreBackTo(before);
  t.pass();
});

test.serial('reader_killed_whose_death_is_known_before_its_exit_is_reported_its_memory_comes_back', async (t) => {
  const before = await liveBlocks();
  const { child, token } = await withBacklog();
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  // The event loop stands still until the channel counts as ended, too.
  const deadline = performance.now() + BOUND;
  while (native.agentInfo(token)?.alive && performance.now() < deadline);
  t.falsy(native.agentInfo(token)?.alive);
  await exited;
  await blocksAreBackTo(before);
  t.pass();
});

test.serial('reader_killed_after_its_parent_disconnected_its_memory_comes_back', async (t) => {
  const before = await liveBlocks();
  const { child } = await withBacklog();
  child.disconnect();
  t.false(child.connected);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  await blocksAreBackTo(before);
});

for (const end of ['exit', 'return']) {
  test.serial(`reader_ends_by_${end}_without_having_read_its_memory_comes_back`, async (t) => {
    const before = await liveBlocks();
    await (async () => {
      const name = `deaf ${end}`;
      const semaphore = new Semaphore(0, { name });
      const child = fork(fixture('deaf.js'), [name, end], { serialization: 'advanced' });
      await once(child, 'spawn');
      sendBacklog(child);
      semaphore.release();
      t.deepEqual(await once(child, 'exit'), [0, null]);
      semaphore.close();
    })();
    await blocksAreBackTo(before);
  });
}

test.serial('program_that_never_opens_its_channel_what_was_sent_before_disconnect_comes_back', async (t) => {
  const before = await liveBlocks();
  // By its name it is Node.js.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'backlog-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const execPath = path.join(folder, 'node');
  fs.symlinkSync('/bin/true', execPath);
  const child = fork(fixture('deaf.js'), [], { serialization: 'advanced', execPath });
  sendBacklog(child);
  child.disconnect();
  t.deepEqual(await once(child, 'exit'), [0, null]);
  await blocksAreBackTo(before);
});
