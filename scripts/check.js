'use strict';
// Everything that must hold before a change goes in, in one order: format, lint, types, build, tests. `npm run check`
// runs it, `npm test` runs it after scripts/prepare.js, and .ci/run calls `npm test`: there is no second list.
//
// Every step runs even when one before it failed, so that one run tells the whole story; only what needs the addon is
// left out when the build failed. A kind of test of which none ran counts as failed. `check.js NAME …` runs these steps only.
// cargo fmt and cargo clippy are components that a Rust installation may lack: then CI fails, a visitor gets a note.

const { spawn, spawnSync } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const BIN = path.join(ROOT, 'node_modules', '.bin');

const STEPS = [
  { name: 'format', command: ['biome', 'format', '.'] },
  { name: 'format:rust', command: ['cargo', 'fmt', '--check'], component: 'rustfmt' },
  { name: 'lint', command: ['biome', 'lint', '--error-on-warnings', '.'] },
  {
    name: 'lint:rust',
    command: ['cargo', 'clippy', '--locked', '--', '-D', 'warnings'],
    component: 'clippy',
  },
  {
    // The tests are built without the Node-API layer: see Cargo.toml.
    name: 'lint:rust:tests',
    command: ['cargo', 'clippy', '--locked', '--all-targets', '--no-default-features', '--', '-D', 'warnings'],
    component: 'clippy',
  },
  { name: 'types', command: ['tsc'] },
  { name: 'build', command: ['npm', 'run', '--silent', 'build'] },
  {
    name: 'test:rust',
    command: ['cargo', 'test', '--release', '--no-default-features'],
    count: /^test result: \w+\. (\d+) passed/gm,
  },
  {
    // Built apart from all else, with the model checker's memory in place of the system's: see src/sys/model.
    name: 'test:model',
    command: ['npm', 'run', '--silent', 'test:model'],
    count: /^test result: \w+\. (\d+) passed/gm,
  },
  { name: 'test:js', command: ['ava'], count: /^\s*(\d+) tests? passed/gm, needsBuild: true },
  {
    // The tests of processes and pools once more, with copies of the fork server in the place of fresh processes. One file
    // counts descriptors, of which the server has some.
    name: 'test:forkserver',
    command: ['ava', '__test__/process/*.test.js', '__test__/pool/*.test.js', '!__test__/process/many.test.js'],
    env: { MULTIPROC_TEST_START_METHOD: 'forkserver' },
    count: /^\s*(\d+) tests? passed/gm,
    needsBuild: true,
  },
  { name: 'test:nodes', command: ['node', 'scripts/nodes.js'], count: /^(\d+) passed, \d+ failed/gm, needsBuild: true },
  // So many kills or so many seconds, whichever comes first: a machine that is busy with other things kills less.
  {
    name: 'test:stress',
    command: ['node', 'stress/run.js', '--kills', '200', '--seconds', '75'],
    needsBuild: true,
  },
];

/** Lines that name a failure, as ava, cargo and scripts/nodes.js write them. */
const FAILURE = /^\s*(✘.*|test .* \.\.\. FAILED|.* panicked at .*|not ok .*|\d+ uncaught .*|fault: .*)$/gm;
const FAILURES_SHOWN = 12;

/** A runner's colours are no part of the text. */
function plainText(output) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what a colour starts with
  return output.replace(/\u001b\[[0-9;?]*[a-zA-Z]/g, '');
}

/** How many tests the output of a step reports as passed. */
function countTests(output, pattern) {
  let total = 0;
  for (const match of plainText(output).matchAll(pattern)) total += Number(match[1]);
  return total;
}

/** The last lines of a CI run are all that some see of it: they are to say what failed. */
function failuresIn(output) {
  const lines = [...plainText(output).matchAll(FAILURE)].map((match) => match[1].trim());
  return [...new Set(lines)].slice(-FAILURES_SHOWN);
}

function runStep({ command: [program, ...args], count, env: more }) {
  return new Promise((resolve) => {
    const env = { ...process.env, ...more, PATH: `${BIN}${path.delimiter}${process.env.PATH}` };
    const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', count ? 'pipe' : 'inherit', 'inherit'] });
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.on('error', (error) => resolve({ passed: false, why: error.message }));
    child.on('close', (status, signal) => {
      if (status !== 0) {
        return resolve({ passed: false, why: signal ?? `status ${status}`, failures: failuresIn(output) });
      }
      if (!count) return resolve({ passed: true, why: '' });
      const tests = countTests(output, count);
      resolve(tests > 0 ? { passed: true, why: `${tests} tests`, tests } : { passed: false, why: 'no test ran' });
    });
  });
}

function componentIsMissing({ command: [program, subcommand], component }) {
  if (!component) return false;
  return spawnSync(program, [subcommand, '--version'], { stdio: 'ignore' }).status !== 0;
}

async function check(names) {
  const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0) {
    throw new Error(`check: no step ${unknown.join(', ')}; there are ${STEPS.map((step) => step.name).join(', ')}`);
  }
  const lines = [];
  let failed = 0;
  let tests = 0;
  let built = true;
  for (const step of STEPS) {
    if (names.length > 0 && !names.includes(step.name)) continue;
    process.stdout.write(`\n── ${step.name}: ${step.command.join(' ')}\n`);
    const started = Date.now();
    let outcome;
    if (step.needsBuild && !built) outcome = { passed: false, why: 'not run: the build failed' };
    else if (componentIsMissing(step)) {
      outcome = { passed: !process.env.CI, why: `not run: \`rustup component add ${step.component}\` provides it` };
    } else outcome = await runStep(step);
    if (step.name === 'build') built = outcome.passed;
    if (!outcome.passed) failed++;
    tests += outcome.tests ?? 0;
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    lines.push(
      `${outcome.passed ? 'passed' : 'FAILED'}  ${step.name.padEnd(12)} ${seconds.padStart(6)} s  ${outcome.why}`,
      ...(outcome.failures ?? []).map((failure) => `          ${failure}`),
    );
  }
  process.stdout.write(`\n${lines.join('\n')}\n`);
  process.stdout.write(`check: ${failed === 0 ? 'passed' : `${failed} steps failed`}, ${tests} tests passed\n`);
  return failed === 0;
}

if (require.main === module) {
  check(process.argv.slice(2)).then(
    (passed) => {
      process.exitCode = passed ? 0 : 1;
    },
    (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}

module.exports = { check, countTests, failuresIn, STEPS };
