'use strict';
// What preloaded modules leave behind in the server, and environments that are unlike the server's.

const path = require('node:path');
const test = require('ava');
const { Process, forkServer, setStartMethod } = require('../..');
const { guard } = require('../helpers/leaks');
const { warmUp } = require('../fixtures/process/watch');

const fixture = (name) => path.join(__dirname, '..', 'fixtures', 'fork_server', name);

guard(test, { warmUp });

const preload = async (t, ...modules) => {
  setStartMethod('forkserver', { force: true, preload: modules.map(fixture) });
  t.true(await forkServer.ready(), String(forkServer.reason));
};

/** @returns {Promise<unknown>} what a copy returns */
const copied = async (t, target, options = {}) => {
  const child = new Process(target, options).start();
  t.is(child.startMethod, 'forkserver');
  const result = await child.result;
  await child.join();
  return result;
};

test.serial('what was preloaded is there, loaded once', async (t) => {
  await preload(t, 'state.cjs', 'module.mjs');
  const look = async (state, module) => {
    const { loadedBy, table } = require(state);
    return [loadedBy, table.get('key'), (await import(module)).loadedBy];
  };
  const found = await copied(t, look, { args: ['state.cjs', 'module.mjs'].map(fixture) });
  t.deepEqual(found, [forkServer.pid, 'value', forkServer.pid]);
  // It has printed something: by a stream of the server's, which its copies do not have.
  t.true(await copied(t, () => console._stdout === process.stdout));
});

test.serial('no two children draw the same random numbers, whatever was drawn before', async (t) => {
  await preload(t, 'state.cjs', 'module.mjs');
  const draw = (state) => {
    const crypto = require('node:crypto');
    const { random, drawn } = require(state);
    const draws = [
      ...drawn.map(() => Math.random()),
      random(),
      crypto.randomUUID(),
      globalThis.crypto.randomUUID(),
      crypto.randomInt(2 ** 40),
      crypto.randomBytes(8).toString('hex'),
    ];
    return draws.map(String);
  };
  const args = [fixture('state.cjs')];
  const draws = (await Promise.all(Array.from({ length: 6 }, () => copied(t, draw, { args })))).flat();
  t.is(new Set(draws).size, draws.length);
  t.is(await copied(t, () => [Math.random.name, Math.random.length].join()), 'random,0');
});

test.serial('random numbers are spread evenly', async (t) => {
  const counts = () => {
    const found = new Array(10).fill(0);
    for (let count = 0; count < 100_000; count += 1) found[Math.floor(Math.random() * 10)] += 1;
    return found;
  };
  const found = await copied(t, counts);
  // Beyond six standard deviations.
  for (const count of found) t.true(Math.abs(count - 10_000) < 600, String(found));
});

test.serial('a time zone that a module sets in the server is not that of the children', async (t) => {
  await preload(t, 'time_zone.cjs');
  const look = () => [process.env.TZ, new Date(0).getMinutes()];
  const { TZ, ...env } = process.env;
  t.deepEqual(await copied(t, look, { env: { ...env, TZ: 'UTC' } }), ['UTC', 0]);
  t.deepEqual(await copied(t, look, { env: { ...env, TZ: 'Asia/Kolkata' } }), ['Asia/Kolkata', 30]);
  t.is((await copied(t, look, { env }))[0], undefined);
  t.is((await copied(t, look, { env }))[1], new Date(0).getMinutes());
});

test.serial('an environment is taken over as it is: many variables, in their order', async (t) => {
  await preload(t);
  const COUNT = 40_000;
  const env = { LAST_OF_ALL: '1', ...process.env };
  for (let count = 0; count < COUNT; count += 1) env[`V${count}`] = `${count}`;
  const look = () => {
    const names = Object.keys(process.env);
    const before = names.length;
    process.env.ADDED = 'yes';
    delete process.env.V1;
    return [
      names.filter((name) => /^(V\d+|LAST_OF_ALL)$/.test(name)).slice(0, 4),
      before,
      process.env.V39999,
      process.env.V1,
    ];
  };
  const [names, count, last, gone] = await copied(t, look, { env });
  t.deepEqual(names, ['LAST_OF_ALL', 'V0', 'V1', 'V2']);
  t.true(count >= COUNT);
  t.is(last, '39999');
  t.is(gone, undefined);
  t.is(forkServer.state, 'ready', 'it was not given up');
});

test.serial('threads that use one heap while they are stopped are waited for, and block nobody', async (t) => {
  t.timeout(60_000, 'the server hangs');
  const before = process.env.MALLOC_ARENA_MAX;
  process.env.MALLOC_ARENA_MAX = '1';
  t.teardown(() => {
    if (before === undefined) delete process.env.MALLOC_ARENA_MAX;
    else process.env.MALLOC_ARENA_MAX = before;
  });
  for (let round = 0; round < 5; round += 1) {
    await preload(t);
    await preload(t, 'allocates.cjs');
    t.is(await copied(t, () => 'works'), 'works');
  }
});

test.after.always('end the server', () => setStartMethod('spawn', { force: true }));
