'use strict';
// What connections and named pipes rely on in Node's sockets: data that is taken out of one that fails, writes that end with
// it, every kind of address and descriptor.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { text } = require('node:stream/consumers');
const { Listener, MessageQueue, NamedPipe, connect } = require('multiproc');

const CHILD = `
  const { connect } = require('multiproc');
  const [, address, count] = process.argv;
  connect(address).then(async (connection) => {
    for (let n = 0; n < count; n += 1) await connection.send({ n, fill: 'x'.repeat(2000) });
    process.kill(process.pid, 'SIGKILL');
  });
`;

/**
 * The peer sends more than is read, and dies; a send fails; nothing that it had sent is missing. All of it must fit into
 * the system's buffer, which takes some 48 of these messages before it is read: a peer that has filled it waits until
 * three quarters are free, and so much is not read here before the peer has ended.
 */
async function nothingIsLost(count, highWaterMark) {
  const listener = new Listener(`@mp-nodes-${process.pid}`, { highWaterMark });
  const child = spawn(process.execPath, ['-e', CHILD, listener.address, count], { stdio: 'inherit', cwd: __dirname });
  const ended = once(child, 'exit');
  const connection = await listener.accept();
  assert.deepStrictEqual(await ended, [null, 'SIGKILL']);
  await assert.rejects(connection.send('too late'), { code: 'ERR_MULTIPROC_CHANNEL_CLOSED' });
  let next = 0;
  for await (const { n } of connection) assert.strictEqual(n, next++);
  assert.strictEqual(next, count);
  connection.close();
  listener.close();
}

async function echoes(address, options) {
  const listener = new Listener(address, options);
  const [theirs, ours] = await Promise.all([listener.accept(), connect(listener.address, options)]);
  const big = Buffer.alloc(4 << 20, 'big');
  const [back, sum] = await Promise.all([
    ours.recvBytes(),
    theirs.recv(),
    theirs.sendBytes(big),
    ours.send(new Map([[1, 2]])),
  ]);
  assert.ok(big.equals(back));
  assert.deepStrictEqual(sum, new Map([[1, 2]]));
  // A write that is under way when the peer goes rejects.
  const cut = assert.rejects(ours.sendBytes(Buffer.alloc(32 << 20)), { code: 'ERR_MULTIPROC_CHANNEL_CLOSED' });
  theirs.close();
  await cut;
  await assert.rejects(ours.recv(), { code: 'ERR_MULTIPROC_EOF' });
  ours.close();
  listener.close();
}

async function pipesAndQueues() {
  const pipe = NamedPipe.create(`/tmp/mp-nodes-${process.pid}.fifo`);
  const writing = pipe.openWrite();
  const received = text(await pipe.openRead());
  (await writing).end('through the pipe');
  assert.strictEqual(await received, 'through the pipe');
  const [end, reader] = await Promise.all([pipe.openWrite(), pipe.openRead()]);
  reader.destroy();
  await once(reader, 'close');
  const failure = once(end, 'error');
  end.write('nobody');
  assert.strictEqual((await failure)[0].code, 'EPIPE');
  pipe.unlink();

  const queue = MessageQueue.open(`/mp-nodes-${process.pid}`, { create: true, maxMessages: 1 });
  const receiving = [queue.receive(), queue.receive()];
  await queue.send('one', { priority: 3 });
  await queue.send('two');
  assert.deepStrictEqual(await Promise.all(receiving), [
    { data: Buffer.from('one'), priority: 3 },
    { data: Buffer.from('two'), priority: 0 },
  ]);
  await assert.rejects(queue.receive({ timeout: 2 }), { code: 'ERR_MULTIPROC_TIMEOUT' });
  queue.close();
  queue.unlink();
}

async function main() {
  await nothingIsLost(20, 5000);
  await nothingIsLost(40, 5000);
  await nothingIsLost(60, 2 ** 20);
  await echoes(`/tmp/mp-nodes-${process.pid}.sock`, {});
  await echoes(`@mp-nodes-${process.pid}`, {});
  await echoes('tcp://127.0.0.1:0', { authKey: 'key' });
  await pipesAndQueues();
  console.log('ok');
}

main();
