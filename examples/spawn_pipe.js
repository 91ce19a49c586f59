'use strict';
// A pipe: the child writes numbers to its standard output, the parent reads them line by line.
//
// spawn() is as in Node.js. A pipe carries bytes, not messages: one line may come in two pieces, or five lines in one.
// readline puts them together.

const readline = require('node:readline');
const { spawn } = require('multiproc');

async function child() {
  const { setTimeout: delay } = require('node:timers/promises');
  for (let n = 1; n <= 5; n += 1) {
    // Half a line at a time, to make the point.
    process.stdout.write(`${n} `);
    await delay(5);
    process.stdout.write(`${n * n}\n`);
  }
}

async function parent() {
  // The same file, with a word to tell the child that it is the child.
  const writer = spawn(process.execPath, [__filename, 'child'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => writer.once('close', resolve));

  let sum = 0;
  for await (const line of readline.createInterface({ input: writer.stdout })) {
    const [n, square] = line.split(' ').map(Number);
    sum += square;
    console.log(`received ${n}, its square is ${square}`);
  }
  // The loop ends when the pipe does: the child has closed its end.
  console.log(`sum of the squares: ${sum}`);
  console.log(`the child ended with exit code ${await ended}`);
}

if (process.argv[2] === 'child') child();
else parent();
