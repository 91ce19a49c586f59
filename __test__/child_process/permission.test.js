'use strict';
// Under Node's permission model all functions are Node's own, so that its rules hold.

const path = require('node:path');
const test = require('ava');
const { guard } = require('../helpers/leaks');
const { run } = require('../helpers/run');

guard(test);

const MODEL = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
// The addon itself needs a permission.
const FLAGS = [MODEL, '--allow-fs-read=*', '--allow-addons', '--no-warnings'];

async function outcomes(...flags) {
  const file = path.join(__dirname, 'fixtures', 'permission.js');
  const { stdout, stderr } = await run(file, [], { execArgv: [...FLAGS, ...flags] });
  return JSON.parse(stdout || JSON.stringify(stderr));
}

test.serial('without the permission nothing is started', async (t) => {
  const { killOnParentExit, ...others } = await outcomes();
  t.is(killOnParentExit, 'ERR_MULTIPROC_UNSUPPORTED');
  t.is(Object.keys(others).length, 7);
  for (const [name, code] of Object.entries(others)) t.is(code, 'ERR_ACCESS_DENIED', name);
});

test.serial('with the permission all is started, except what cannot be promised', async (t) => {
  const { killOnParentExit, ...others } = await outcomes('--allow-child-process');
  t.is(killOnParentExit, 'ERR_MULTIPROC_UNSUPPORTED');
  for (const [name, code] of Object.entries(others)) t.is(code, 0, name);
});
