'use strict';
// Many short processes: each is reaped, its exit code is its own, and no descriptor stays.

const { once } = require('node:events');
const fs = require('node:fs');
const test = require('ava');
const { exec, spawn, spawnSync } = require('../..');
const { guard } = require('../helpers/leaks');
const { descendants } = require('../helpers/processes');
const { isReaped, until, warmUp } = require('../fixtures/process/watch');

guard(test, { warmUp });

const IN_A_ROW = 1000;
const AT_ONCE = 200;

const openDescriptors = () => fs.readdirSync('/proc/self/fd').length;

/** Nothing of them is left: no process, no zombie, no descriptor. */
async function isAsBefore(t, descriptors) {
  t.deepEqual(descendants(process.pid), []);
  await until(() => openDescriptors() === descriptors, 'the pipes of the last ones are closed');
}

test.serial('a thousand in a row', async (t) => {
  const before = openDescriptors();
  let most = 0;
  for (let round = 0; round < IN_A_ROW; round += 1) {
    const child = spawn('/bin/sh', ['-c', `exit ${round % 256}`]);
    const [code] = await once(child, 'close');
    if (code !== round % 256) t.fail(`round ${round} ended with ${code}`);
    if (!isReaped(child.pid)) t.fail(`round ${round} is a zombie`);
    most = Math.max(most, openDescriptors());
  }
  t.true(most <= before + 8, `${most} descriptors, ${before} before`);
  await isAsBefore(t, before);
});

test.serial('two hundred at once', async (t) => {
  const before = openDescriptors();
  const children = Array.from({ length: AT_ONCE }, (_, index) =>
    // Every fourth is killed; all wait for the end of their input.
    spawn('/bin/sh', ['-c', `read x; ${index % 4 === 3 ? 'kill -KILL $$' : `echo ${index}; exit ${index}`}`]),
  );
  t.is(descendants(process.pid).length, AT_ONCE);
  const ended = children.map((child) =>
    child.result.then(
      ({ stdout }) => stdout,
      (error) => error,
    ),
  );
  for (const child of children) child.stdin.end('go\n');
  for (const [index, end] of (await Promise.all(ended)).entries()) {
    if (index === 0) t.is(end, '0\n');
    else if (index % 4 === 3) t.deepEqual([end.exitCode, end.signalCode], [null, 'SIGKILL'], String(index));
    else t.deepEqual([end.exitCode, end.stdout], [index, `${index}\n`], String(index));
  }
  await isAsBefore(t, before);
});

test.serial('two hundred commands at once, and as many in a row that block meanwhile', async (t) => {
  const before = openDescriptors();
  const commands = Array.from(
    { length: AT_ONCE },
    (_, index) => new Promise((resolve) => exec(`exit ${index}`, (error) => resolve(error === null ? 0 : error.code))),
  );
  for (let index = 0; index < AT_ONCE; index += 1) {
    const { status, error } = spawnSync('/bin/sh', ['-c', `exit ${index}`]);
    if (status !== index || error !== undefined) t.fail(`${index}: ${status} ${error}`);
  }
  t.deepEqual(
    await Promise.all(commands),
    Array.from({ length: AT_ONCE }, (_, index) => index),
  );
  await isAsBefore(t, before);
});
