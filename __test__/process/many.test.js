'use strict';
// Many processes, one after the other and at once: each is reaped, and nothing of them stays.

const fs = require('node:fs');
const test = require('ava');
const { Process, activeChildren } = require('../..');
const { guard } = require('../helpers/leaks');
const { descendants } = require('../helpers/processes');
const { blocksAreBackTo, isReaped, liveBlocks, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const openDescriptors = () => fs.readdirSync('/proc/self/fd').length;

test.serial('thirty processes in a row leave no zombie, descriptor or memory', async (t) => {
  const before = { descriptors: openDescriptors(), blocks: await liveBlocks() };
  for (let round = 0; round < 30; round += 1) {
    const child = new Process((round) => round * 2, { args: [round] });
    child.start();
    t.is(await child.result, round * 2);
    await child.join();
    t.true(isReaped(child.pid));
  }
  t.deepEqual(descendants(process.pid), []);
  await until(() => openDescriptors() === before.descriptors, 'the last process’s descriptors are closed');
  await blocksAreBackTo(before.blocks);
});

test.serial('twenty processes at once, some of them killed, leave none either', async (t) => {
  const before = { descriptors: openDescriptors(), blocks: await liveBlocks() };
  const children = Array.from({ length: 20 }, (_, index) =>
    new Process((index) => (index % 4 === 3 ? process.kill(process.pid, 'SIGKILL') : index), {
      args: [index],
      stdio: index % 2 === 0 ? 'pipe' : 'ignore',
    }).start(),
  );
  t.is(activeChildren().length, 20);
  const results = await Promise.allSettled(children.map(({ result }) => result));
  t.deepEqual(
    results.map(({ value, reason }) => value ?? reason.signalCode),
    children.map((_, index) => (index % 4 === 3 ? 'SIGKILL' : index)),
  );
  await Promise.all(children.map((child) => child.join()));
  t.deepEqual(activeChildren(), []);
  t.deepEqual(descendants(process.pid), []);
  for (const child of children) {
    child.stdout?.resume();
    child.stderr?.resume();
    child.stdin?.destroy();
  }
  await until(() => openDescriptors() === before.descriptors, 'the children’s pipes are closed');
  await blocksAreBackTo(before.blocks);
});

test.serial('a child inherits no end of its siblings’ pipes, and nothing else of its parent’s sockets', async (t) => {
  const connections = () => {
    const fs = require('node:fs');
    const targets = fs.readdirSync('/proc/self/fd').flatMap((number) => {
      try {
        return Number(number) > 2 ? [fs.readlinkSync(`/proc/self/fd/${number}`)] : [];
      } catch {
        return []; // that of the directory itself
      }
    });
    return targets.filter((target) => /^(pipe|socket):/.test(target));
  };
  const siblings = Array.from({ length: 5 }, () =>
    new Process((ms) => new Promise((r) => setTimeout(r, ms)), { args: [60_000], stdio: 'pipe' }).start(),
  );
  const last = new Process(connections).start();
  const own = connections();
  t.true(own.length >= 15, 'five times three pipes');
  const inherited = (await last.result).filter((target) => own.includes(target));
  t.deepEqual(inherited, []);
  for (const child of siblings) child.kill();
  await Promise.all([last, ...siblings].map((child) => child.join()));
  for (const child of siblings) child.stdin.destroy();
});
