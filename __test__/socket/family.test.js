'use strict';
// Shared objects over sockets: the same object for a process of the family, an error with its path for a stranger.

const test = require('ava');
const { Lock, SharedArray, sharedBuffer } = require('../..');
const native = require('../../lib/binding');
const {
  BOUND,
  STRANGER,
  abstractName,
  acceptFrom,
  pairOf,
  socketPath,
  warmUp,
} = require('../fixtures/socket/programs');
const { guard } = require('../helpers/leaks');

guard(test, { warmUp });

const within = { timeout: BOUND };

test.serial('in a family a lock and an array are the same at the other end, and come back as themselves', async (t) => {
  const [lock, array] = [new Lock(), new SharedArray('i32', 1)];
  for (const [address, options] of [
    [socketPath(t), {}],
    [{ port: 0 }, { authKey: 'k' }],
  ]) {
    array.view[0] = 41;
    const { connection, ended } = await acceptFrom(t, 'family', options, { address, listener: options });
    await connection.send({ lock, array });
    const { are, back } = await connection.recv(within);
    t.deepEqual(are, [true, true]);
    t.is(array.view[0], 42);
    back.acquireSync();
    t.false(lock.tryAcquire());
    back.release();
    back.close();
    connection.close();
    t.is((await ended).code, 0);
  }
});

test.serial('a stranger is sent none: the error has the path, at both ends, and the connection goes on', async (t) => {
  const { connection, line } = await acceptFrom(t, 'sendLock', {}, { env: STRANGER });
  for (const shared of [new Lock(), new SharedArray('u8', 2), sharedBuffer(8), new Uint8Array(sharedBuffer(8))]) {
    const error = await t.throwsAsync(connection.send({ list: [0, shared] }), { code: 'ERR_MULTIPROC_SERIALIZE' });
    t.regex(error.path, /^value\.list\[1\]/);
    t.regex(error.message, /the peer is of another family/);
  }
  const told = await line();
  t.is(told.code, 'ERR_MULTIPROC_SERIALIZE');
  t.is(told.path, 'value.deep[1]');
  t.is(await connection.recv(within), 'still usable');
});

test.serial('references inside of messages that nobody reads end', async (t) => {
  const blocks = () => native.domainInfo().liveBlocks;
  native.collectGarbage();
  const before = blocks();
  const [listener, ours, theirs] = await pairOf(t, abstractName(), { highWaterMark: 1000 });
  const message = () => ({ buffer: sharedBuffer(64), fill: Buffer.alloc(5000) });
  const sends = [];
  for (let n = 0; n < 200; n += 1) sends.push(ours.send(message()).catch(() => {}));
  await theirs.poll(within);
  await t.throwsAsync(ours.send(message(), { timeout: 5 }), { code: 'ERR_MULTIPROC_TIMEOUT' });
  t.true(blocks() > before);
  theirs.close();
  await Promise.all(sends);
  ours.close();
  listener.close();
  await new Promise(setImmediate);
  const bound = Date.now() + BOUND;
  for (; blocks() > before && Date.now() < bound; await new Promise(setImmediate)) native.collectGarbage();
  t.true(blocks() <= before, `${blocks()} blocks, ${before} before`);
});
