'use strict';
// A pipe between two processes: each has one end, and what one sends the other receives, message by message.
//
// Messages are values, not bytes: what is sent as an object arrives as one. When the child is gone, the parent's end
// tells it (the end of file), whether the child has closed its own or was killed.

const { Pipe, Process } = require('multiproc');

async function square(connection) {
  for await (const number of connection) {
    if (number === null) break;
    await connection.send({ number, square: number * number });
  }
}

async function main() {
  const [ours, theirs] = Pipe();
  const child = new Process(square, { args: [theirs] }).start();
  // The child has its end now. While we have it too, ours cannot come to its end.
  theirs.close();

  let sum = 0;
  for (let number = 1; number <= 5; number += 1) {
    await ours.send(number);
    const answer = await ours.recv();
    sum += answer.square;
    console.log(`received ${answer.number}, its square is ${answer.square}`);
  }
  console.log(`sum of the squares: ${sum}`);

  await ours.send(null);
  await child.join();
  console.log(`the child ended with exit code ${child.exitCode}`);
  await ours.recv().catch((error) => console.log(error.code));

  // One way only: the first end receives, the second sends.
  const [reader, writer] = Pipe({ duplex: false });
  const sender = new Process((writer) => writer.send('and that was that'), { args: [writer] }).start();
  writer.close();
  console.log(await reader.recv());
  await sender.join();
}

main();
