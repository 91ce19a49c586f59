'use strict';
// A supervisor: what fails is started again, later each time, and not for ever. A run that lasted long enough counts as
// healthy, and the count of failures begins anew.

const { once } = require('node:events');
const { setTimeout: delay } = require('node:timers/promises');
const { SharedValue, currentProcess, defineTasks, isMainProcess, supervise } = require('multiproc');

const tasks = defineTasks(__filename, {
  /** Fails twice; the third run works until it is asked to stop. */
  async improves(runs) {
    if (runs.add(1) < 2) process.exit(7);
    const timer = setInterval(() => {}, 1000);
    await once(currentProcess().stopSignal, 'abort');
    clearInterval(timer);
  },

  /** Never works. */
  fails: () => process.exit(1),

  /** Works for a while and fails then, again and again. */
  tires: () => delay(150).then(() => process.exit(2)),
});

/** Without randomness, so that the lines are the same each time. */
const backoff = { base: 10, cap: 25, jitter: 0 };
const quiet = { stdio: 'ignore' };

async function main() {
  const runs = new SharedValue('i32', 0);
  const service = supervise(tasks.improves, { args: [runs], process: quiet, backoff });
  service.on('restart', ({ attempt, delay: ms, exitCode }) =>
    console.log(`exit code ${exitCode}: start ${attempt + 1} after ${ms} ms`),
  );
  while (runs.value < 3) await delay(5);
  console.log(`running: ${service.current.isAlive()}, restarts: ${service.restarts}`);
  await service.stop({ reason: 'end of the example' });
  console.log(`stopped: ${service.state}, and not started again`);

  const hopeless = supervise(tasks.fails, { args: [], process: quiet, backoff, maxRestarts: 3 });
  const delays = [];
  hopeless.on('restart', ({ delay: ms }) => delays.push(ms));
  const [{ exitCode }] = await once(hopeless, 'gaveUp');
  console.log(
    `gave up after ${delays.length} restarts, ${delays.join(', ')} ms apart; the last exit code was ${exitCode}`,
  );

  // It fails as often as the hopeless one, but is healthy in between.
  const tired = supervise(tasks.tires, { args: [], process: quiet, backoff, maxRestarts: 1, healthyAfter: 100 });
  const attempts = [];
  while (attempts.length < 3) attempts.push((await once(tired, 'restart'))[0].attempt);
  console.log(
    `healthy in between: attempts ${attempts.join(', ')}; state: ${tired.state === 'gaveUp' ? 'gave up' : 'goes on'}`,
  );
  await tired.stop();
}

if (isMainProcess) main();
