'use strict';
// Shared objects come and go without end: nothing of them stays, what is handed out is zero whoever had it before, and
// memory that only garbage holds is found when it is needed.

const path = require('node:path');
const { once } = require('node:events');
const test = require('ava');
const { fork, sharedBuffer } = require('../..');
const native = require('../../lib/binding');
const { warmUp } = require('../fixtures/sync/family');
const { guard } = require('../helpers/leaks');
const { run, runProgram } = require('../helpers/run');

const MIB = 1 << 20;
const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'memory', name);
const ALONE = { MULTIPROC_DOMAIN: undefined };

guard(test, { warmUp });

test.serial('a hundred thousand objects come and go and leave no memory behind', async (t) => {
  t.timeout(200_000);
  const program = path.join(__dirname, '..', 'stress', 'lifetime.js');
  const options = { execArgv: ['--expose-gc'], env: ALONE, timeout: 180_000 };
  const { stdout, stderr, code } = await run(program, ['100000'], options);
  t.log(stdout.trim());
  const { grew, warm, end } = JSON.parse(stdout);
  t.deepEqual(grew, [], stderr);
  t.is(code, 0, stderr);
  t.is(end.liveBlocks, warm.liveBlocks, 'not one block is left');
});

test.serial('memory_of_a_killed_holder_is_zero_when_it_is_handed_out_again', async (t) => {
  const sizes = [1, 64, 100, 1000, 4096, 5000, 70_000, 100_000, 3 * MIB];
  for (let round = 0; round < 3; round += 1) {
    const child = fork(fixture('fills_and_dies.js'));
    child.send(sizes);
    await once(child, 'message');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    const views = sizes.map((size) => new Uint8Array(sharedBuffer(size)));
    const recycled = views.filter((view) => native.identifyBuffer(view)[1] > 1);
    t.is(recycled.length, sizes.length, 'these are the blocks of the dead');
    t.true(views.every((view) => view.every((byte) => byte === 0)));
  }
});

test.serial('large buffers are recycled with their pages, as long as these are few, and zeroed', async (t) => {
  const { stdout, stderr, code } = await run(fixture('recycled.js'), [], { execArgv: ['--expose-gc'], env: ALONE });
  t.is(code, 0, stderr);
  const { empty, first, filled, left, warm, second, again, peak, cooled, garbage } = JSON.parse(stdout);
  t.is(left, 0);
  t.true(filled >= empty + 8 * MIB);
  t.true(warm >= empty + 8 * MIB, 'its pages stay');
  t.is(second.block, first.block);
  t.true(first.isZero && second.isZero);
  t.true(again <= warm + MIB, `${again} bytes after ${warm}`);
  t.true(peak >= 48 * 8 * MIB);
  t.true(cooled <= 300 * MIB, `of ${peak} bytes ${cooled} stay`);
  t.true(garbage <= 1024 * MIB, `${garbage} bytes of garbage of 2000 MiB`);
});

test.serial('room_that_only_garbage_holds_is_found_without_a_turn_of_the_event_loop', async (t) => {
  // ulimit counts in blocks of 1024 bytes: 128 MiB.
  const program = `ulimit -f 131072; exec "$0" "$1"`;
  const { stdout, stderr, code } = await runProgram('bash', ['-c', program, process.execPath, fixture('crowded.js')], {
    env: ALONE,
  });
  t.is(code, 0, stderr);
  const { byteLength, made, dirty, kept, errors } = JSON.parse(stdout);
  t.is(byteLength, 128 * MIB);
  t.is(made, 1000);
  t.is(dirty, 0);
  t.true(kept > 90 && kept < 128, `${kept} MiB are kept of 128`);
  t.deepEqual(errors, ['ERR_MULTIPROC_SHM_SPACE']);
});
