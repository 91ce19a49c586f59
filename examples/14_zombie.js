'use strict';
// A process that has ended stays in the system's table until its parent asks how: until then it is a zombie.
//
// Node.js and multiproc ask at once, so nobody sees one. `reap: 'manual'` leaves that to the program. Zombies can still come
// from parents that do not ask: one that is stopped, or one written in another way.

const { Process, processState, spawn, wait } = require('multiproc');

async function main() {
  const child = new Process(() => process.exit(42), { reap: 'manual', stdio: 'ignore' }).start();
  child.result.catch(() => {});
  console.log(`${child.name} runs: ${child.isAlive()}`);

  // The sentinel tells of the end without reaping.
  await wait([child.sentinel]);
  const seen = processState(child.pid);
  console.log(
    `it has ended; the system says: ${seen.state}, its parent: ${seen.ppid === process.pid ? 'this program' : seen.ppid}`,
  );
  console.log(`known here: exit code ${child.exitCode}, running: ${child.isAlive()}`);

  // No signal helps: it is dead already.
  child.kill();
  console.log(`after SIGKILL: ${processState(child.pid).state}`);

  const { exitCode } = await child.wait();
  console.log(`reaped, exit code ${exitCode}; the system says: ${processState(child.pid).state}`);

  // Any program.
  const program = spawn('sh', ['-c', 'kill -TERM $$'], { reap: 'manual', stdio: 'ignore' });
  while (processState(program.pid).state !== 'zombie') await new Promise(setImmediate);
  console.log(`a shell: ${processState(program.pid).state}, then ${(await program.wait()).signalCode}`);

  // As always: nothing to reap, and no zombie.
  const usual = new Process(() => 'done').start();
  await usual.join();
  console.log(`reaped by itself: ${processState(usual.pid).state}`);
}

main();
