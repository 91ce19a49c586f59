'use strict';
// Somebody overwrites the memory of a family at random: its processes and threads get errors or wrong data, and end in
// good order and in bounded time. SEED=n replays the choices of a run, ROUNDS=n makes it longer.

const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const test = require('ava');
const { Scribbler } = require('../fixtures/memory/corruption/scribbler');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

const FAMILY = path.join(__dirname, '..', 'fixtures', 'memory', 'corruption', 'family.js');
const ROUNDS = Number(process.env.ROUNDS ?? 4);
const DURATION = 1500;
const STROKES = 150;
/** How native code ends a process that it has led astray. */
const CRASHES = new Set(['SIGABRT', 'SIGBUS', 'SIGSEGV', 'SIGILL', 'SIGTRAP', 'SIGFPE', 'LATE']);

guard(test);

/** Runs a family and overwrites its memory until it ends. */
async function overwritten(seed) {
  let strokes = [];
  let scribbling;
  const finished = run(FAMILY, [String(seed), String(DURATION)], {
    timeout: 100_000,
    env: { MULTIPROC_DOMAIN: undefined },
    onSpawn(child) {
      let printed = '';
      child.stdout.on('data', (text) => {
        printed += text;
        if (scribbling !== undefined || !printed.includes('\n')) return;
        const { descriptor } = JSON.parse(printed.slice(0, printed.indexOf('\n')));
        const scribbler = new Scribbler(child.pid, descriptor, seed);
        strokes = scribbler.strokes;
        scribbling = scribble(scribbler);
      });
    },
  });
  try {
    return { ...(await finished), strokes };
  } catch (error) {
    error.message += `\n${strokes.join('\n')}`;
    throw error;
  } finally {
    await scribbling;
  }
}

async function scribble(scribbler) {
  try {
    for (let stroke = 0; stroke < STROKES; stroke += 1) {
      scribbler.scribble();
      if (stroke % 3 === 0) await delay(scribbler.below(12));
    }
  } finally {
    scribbler.close();
  }
}

test.serial('overwritten_memory_gives_errors_or_wrong_data_and_every_process_ends', async (t) => {
  t.timeout(ROUNDS * 120_000);
  const first = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.log(`SEED=${first}`);
  const errors = {};
  let slowest = 0;
  for (let seed = first; seed < first + ROUNDS; seed += 1) {
    const { code, signal, stdout, stderr, strokes } = await overwritten(seed);
    const report = () => `seed ${seed}\n${strokes.join('\n')}\n${stdout}\n${stderr}`;
    t.true(strokes.length > STROKES / 2, report());
    t.is(signal, null, report());
    t.is(code, 0, report());
    const result = JSON.parse(stdout.trim().split('\n').at(-1));
    t.is(result.exits.length, 4, report());
    t.deepEqual(
      result.exits.filter((exit) => CRASHES.has(exit.signal) || exit.code > 128),
      [],
      report(),
    );
    t.notRegex(stderr, /panicked/, report());
    slowest = Math.max(slowest, result.slowest);
    for (const [name, count] of Object.entries(result.errors)) errors[name] = (errors[name] ?? 0) + count;
  }
  t.log(`the slowest operation took ${slowest} ms; errors: ${JSON.stringify(errors)}`);
});
