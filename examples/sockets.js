'use strict';
// Two programs that know nothing but an address and a key: one keeps a score, the other plays.
//
// They could be started by different people on different days. Here the first starts the second, with an environment that
// makes it no member of its family, and kills it in the end.

const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { Listener, connect } = require('multiproc');

const authKey = 'not very secret';

async function player(address) {
  const connection = await connect(address, { authKey });
  for (const points of [1, 2, 3]) {
    await connection.send({ points });
    const { total } = await connection.recv();
    if (total === 6) await connection.sendBytes(Buffer.from([102, 105, 110]));
  }
  // Says no more, and does not end by itself.
}

async function main() {
  const address = path.join(os.tmpdir(), `scores-${process.pid}.sock`);
  const listener = new Listener(address, { authKey });
  listener.on('refused', (error) => console.log(`refused: ${error.code}`));

  await connect(address, { authKey: 'guessed' }).catch((error) => console.log(`the guesser got: ${error.code}`));

  const { PATH } = process.env;
  const child = spawn(process.execPath, [__filename, 'player', address], { env: { PATH }, stdio: 'inherit' });
  const connection = await listener.accept({ timeout: 20_000 });
  let total = 0;
  while (total < 6) {
    const { points } = await connection.recv();
    total += points;
    console.log(`${points} more: ${total}`);
    await connection.send({ total });
  }
  console.log(`bytes: ${await connection.recvBytes()}`);
  child.kill('SIGKILL');
  for await (const message of connection) console.log('never', message);
  console.log('the player is gone, and the connection ends');
  connection.close();
  listener.close();

  await connect(address, { authKey }).catch((error) => console.log(`afterwards: ${error.code}`));
}

if (process.argv[2] === 'player') player(process.argv[3]);
else main();
