'use strict';
// A queue between processes: two producers put jobs into it, two consumers take them out.
//
// The queue holds four items at most, so a producer that is too fast waits for the consumers (that is what the bounded
// buffer of the textbooks is for). Each item goes to one consumer. When the producers are done, the queue is shut down:
// the consumers get what is left, then their loops end.

const { Process, Queue } = require('multiproc');

async function produce(queue, name, count) {
  for (let number = 1; number <= count; number += 1) {
    await queue.put({ name, number }); // waits while the queue is full
  }
}

async function consume(queue) {
  const taken = [];
  for await (const { name, number } of queue) taken.push([name, number]);
  return taken;
}

async function main() {
  // A queue travels inside arguments; both sides use the same one, in shared memory.
  const queue = new Queue({ maxSize: 4 });
  const producers = ['apples', 'pears'].map((name) => new Process(produce, { args: [queue, name, 6] }).start());
  const consumers = [0, 1].map(() => new Process(consume, { args: [queue] }).start());

  await Promise.all(producers.map((child) => child.result));
  queue.shutdown();
  const taken = await Promise.all(consumers.map((child) => child.result));

  // Which consumer got which item is chance. That each came once, and every producer's in its order, is not.
  const numbersOf = (list, name) => list.filter((item) => item[0] === name).map((item) => item[1]);
  const isInOrder = (numbers) => numbers.every((number, index) => index === 0 || numbers[index - 1] < number);
  for (const name of ['apples', 'pears']) {
    const all = taken.flatMap((list) => numbersOf(list, name)).sort((a, b) => a - b);
    const inOrder = taken.every((list) => isInOrder(numbersOf(list, name)));
    console.log(`${name}: ${all.join(' ')}; at each consumer in order: ${inOrder}`);
  }
  console.log(`left in the queue: ${queue.size}`);
  await queue.put('late').catch((error) => console.log(error.code));
}

main();
