'use strict';
// One function in a process of its own: start it, get what it returns, see how it ended.
//
// `hello` stands alone: it uses nothing of this file but its arguments, so multiproc can send its text to the child.
// (02_multiple_processes.js shows functions that use other things of their file.)

const { Process } = require('multiproc');

function hello(name) {
  console.log(`child: hello, ${name}`);
  return { pid: process.pid, parent: process.ppid };
}

async function main() {
  const child = new Process(hello, { args: ['world'], name: 'greeter' });
  console.log(`parent: ${child.name} is made, running: ${child.isAlive()}`);

  child.start();
  console.log(`parent: started, running: ${child.isAlive()}`);

  // What the function returns travels back. Had it thrown, this would throw the same error here.
  const { pid, parent } = await child.result;
  console.log(`parent: it is a process of its own: ${pid !== process.pid && pid === child.pid}`);
  console.log(`parent: and I am its parent: ${parent === process.pid}`);

  // The result is there before the process is gone; join() waits for its end.
  await child.join();
  console.log(`parent: it ended with exit code ${child.exitCode}, signal ${child.signalCode}`);
}

main();
