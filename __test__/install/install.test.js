'use strict';
// What `npm pack` makes is what users get: it is installed into empty projects on a PATH without a Rust toolchain and
// used from CommonJS, ECMAScript modules, TypeScript and Jest.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const test = require('ava');
const { guard } = require('../helpers/leaks.js');
const { runProgram } = require('../helpers/run.js');

const ROOT = path.join(__dirname, '../..');
const PATIENCE = 120_000;
const EXPECTED = '1 4 9 16 110\n';

let directory;
let environment;
let packed;

guard(test);

function find(program) {
  const found = process.env.PATH.split(path.delimiter)
    .map((entry) => path.join(entry, program))
    .find((file) => fs.existsSync(file));
  if (found === undefined) throw new Error(`${program} is not on the PATH`);
  return fs.realpathSync(found);
}

async function succeed(t, program, args, cwd) {
  const result = await runProgram(program, args, { cwd, env: environment, timeout: PATIENCE });
  t.is(result.code, 0, `${[program, ...args].join(' ')}\n${result.stdout}\n${result.stderr}`);
  return result;
}

/** An empty project with the tarball installed and the files of projects/NAME. */
async function project(t, name) {
  const root = path.join(directory, name);
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(root, 'package.json'), '{ "private": true }\n');
  fs.cpSync(path.join(__dirname, 'projects', name), root, { recursive: true });
  const tarball = path.join(directory, packed.filename);
  await succeed(t, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], root);
  return root;
}

test.before('pack', async (t) => {
  t.timeout(PATIENCE);
  directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-install-')));
  const bin = path.join(directory, 'bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(process.execPath, path.join(bin, 'node'));
  for (const program of ['npm', 'sh']) fs.symlinkSync(find(program), path.join(bin, program));
  // Under `npm test` npm describes this repository in npm_* variables; the projects are others.
  environment = { PATH: bin };
  for (const name of Object.keys(process.env)) if (/^npm_|^NODE_/i.test(name)) environment[name] = undefined;
  const { stdout } = await succeed(t, 'npm', ['pack', '--json', '--pack-destination', directory], ROOT);
  // npm 12 keys the result by the package's name, earlier ones give a list.
  const result = JSON.parse(stdout);
  packed = Array.isArray(result) ? result[0] : Object.values(result)[0];
});

test.after.always('remove the projects', () => {
  if (directory) fs.rmSync(directory, { recursive: true, force: true });
});

test.serial('the projects have no Rust toolchain and no C compiler', (t) => {
  for (const program of ['cargo', 'rustc', 'cc']) {
    const env = { ...process.env, ...environment };
    t.is(spawnSync(program, ['--version'], { env }).error?.code, 'ENOENT', program);
  }
});

test.serial('the tarball holds the addon and the library, and neither sources nor tests', (t) => {
  const files = packed.files.map((file) => file.path);
  for (const name of ['index.js', 'index.mjs', 'index.d.ts', 'package.json', 'README.md', 'LICENSE']) {
    t.true(files.includes(name), name);
  }
  t.true(
    files.some((name) => /^multiproc\.linux-\w+-gnu\.node$/.test(name)),
    'addon',
  );
  t.deepEqual(
    files.filter((name) => /^(src|tests|target|scripts|bench|__test__|\.ci)\/|^binding\.gyp$|\.test\.js$/.test(name)),
    [],
  );
});

test.serial('installing it runs no script', (t) => {
  const { scripts } = require('../../package.json');
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) t.is(scripts[name], undefined, name);
});

test.serial('CommonJS', async (t) => {
  t.timeout(PATIENCE);
  const root = await project(t, 'commonjs');
  t.is((await succeed(t, 'node', ['main.js'], root)).stdout, EXPECTED);
});

test.serial('ECMAScript modules, with the same classes as require gives', async (t) => {
  t.timeout(PATIENCE);
  const root = await project(t, 'esm');
  t.is((await succeed(t, 'node', ['main.mjs'], root)).stdout, EXPECTED);
});

test.serial('TypeScript under --strict, compiled and run', async (t) => {
  t.timeout(PATIENCE);
  const root = await project(t, 'typescript');
  const types = path.join(ROOT, 'node_modules/@types');
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--typeRoots', types];
  await succeed(t, 'node', [path.join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, 'main.ts'], root);
  t.is((await succeed(t, 'node', ['main.js'], root)).stdout, EXPECTED);
});

test.serial('Jest, which ends by itself', async (t) => {
  t.timeout(PATIENCE);
  const root = await project(t, 'jest');
  fs.renameSync(path.join(root, 'spec.js'), path.join(root, 'multiproc.test.js'));
  const { stderr } = await succeed(t, 'node', [path.join(ROOT, 'node_modules/jest/bin/jest.js'), '--ci'], root);
  t.regex(stderr, /Tests:\s+3 passed, 3 total/);
  t.notRegex(stderr, /did not exit|failed to exit/);
});
