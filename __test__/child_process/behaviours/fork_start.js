'use strict';
// fork(): the environment, the flags and the program that is run, as the child sees them.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const fixture = (name) => path.join(__dirname, '..', 'fixtures', name);
const runsArgument = path.join(__dirname, '..', '..', 'fixtures', 'fork', 'runs_argument.js');
const MODEL = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';

/** What a program sends, and how it ends. The program is a function whose text is run. */
async function told(fork, program, options) {
  const child = fork(runsArgument, [String(program)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], ...options });
  const messages = [];
  child.on('message', (message) => messages.push(message));
  const [code, signal] = await new Promise((resolve) => child.once('close', (...status) => resolve(status)));
  return { messages, code, signal };
}

const variables = () => process.send([process.env.OWN, process.env.INHERITED, process.env.PATH !== undefined]);
const nodesVariables = () => {
  const { NODE_OPTIONS, NODE_TEST_CONTEXT, NODE_UNIQUE_ID } = process.env;
  process.send({ NODE_OPTIONS, NODE_TEST_CONTEXT, NODE_UNIQUE_ID, execArgv: process.execArgv });
};
const preloads = () => {
  process.send([globalThis.seenByPreload, process.env.NODE_OPTIONS ?? null, process.execArgv]);
};
const addons = () => process.send([process.execArgv, process.env.NODE_OPTIONS ?? null, process.connected]);

const ENVIRONMENTS = {
  'inherited from the one of this process': [variables, () => Object.assign(Object.create(process.env), { OWN: '1' })],
  'inherited from an object': [variables, () => Object.create({ INHERITED: '1', PATH: process.env.PATH })],
  undefined: [variables, () => ({ ...process.env, OWN: undefined, INHERITED: 0 })],
  'flags of Node.js as they are written': [
    nodesVariables,
    () => ({ ...process.env, NODE_OPTIONS: ' --no-warnings  --title="a b"' }),
  ],
  'flags of Node.js for a report': [nodesVariables, () => ({ ...process.env, NODE_OPTIONS: '--report-on-signal' })],
  'empty flags of Node.js': [nodesVariables, () => ({ ...process.env, NODE_OPTIONS: '' })],
  'the context of a test runner': [nodesVariables, () => ({ ...process.env, NODE_TEST_CONTEXT: 'child' })],
};

const environments = Object.entries(ENVIRONMENTS).map(([name, [program, env]]) => ({
  name: `fork: variables, ${name}`,
  run: ({ fork }) => told(fork, program, { env: env() }),
}));

const withOptions = (NODE_OPTIONS) => ({ ...process.env, NODE_OPTIONS });

const STARTS = {
  'a preloaded module has the channel': [preloads, { execArgv: ['--require', fixture('preloaded.js')] }],
  'so has one by its short flag': [preloads, { execArgv: ['--no-warnings', '-r', fixture('preloaded.js')] }],
  'so has one that NODE_OPTIONS names': [preloads, { env: withOptions(`--require=${fixture('preloaded.js')}`) }],
  'so has one with a space in its path': [
    preloads,
    { env: withOptions(`--no-warnings -r "${fixture('with space/preloaded.js')}"`), execArgv: ['--no-deprecation'] },
  ],
  'a child without addons': [addons, { execArgv: ['--no-addons'] }],
  'a child without addons by NODE_OPTIONS': [addons, { env: withOptions('--no-warnings --no-addons') }],
  'a child under the permission model': [addons, { execArgv: ['--no-warnings', MODEL, '--allow-fs-read=*'] }],
  'a child under it by NODE_OPTIONS': [addons, { env: withOptions(`${MODEL} --allow-fs-read=*`) }],
  'a flag that only begins like one of those': [addons, { execArgv: ['--title=--no-addons'] }],
};

const starts = Object.entries(STARTS).map(([name, [program, options]]) => ({
  name: `fork: ${name}`,
  run: ({ fork }) => told(fork, program, options),
}));

/** Another name for this Node.js, and a program that runs it. */
async function withFiles(use) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'multiproc-fork-'));
  try {
    return await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

module.exports = [
  ...environments,
  ...starts,
  {
    name: 'fork: a program that is not Node.js gets its arguments and nothing more',
    run: async ({ fork, collect, closed }) => {
      const options = { execPath: '/bin/sh', execArgv: [], silent: true };
      const child = fork(fixture('arguments.sh'), ['a', 'b c'], options);
      const output = collect(child, child.stdout);
      await closed(child);
      return [output.text, child.exitCode];
    },
  },
  {
    name: 'fork: a program that is not Node.js speaks over the channel',
    run: async ({ fork }) => {
      const options = { execPath: '/bin/sh', execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] };
      const child = fork(fixture('speaks.sh'), [], options);
      const message = await new Promise((resolve) => child.once('message', resolve));
      const code = await new Promise((resolve) => child.once('close', resolve));
      return [message, code];
    },
  },
  {
    name: 'fork: a script that runs Node.js',
    run: ({ fork }) =>
      withFiles((folder) => {
        const execPath = path.join(folder, 'runs');
        fs.writeFileSync(execPath, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
        return told(fork, addons, { execPath, execArgv: ['--no-warnings'] });
      }),
  },
  {
    name: 'fork: Node.js by another name',
    run: ({ fork }) =>
      withFiles((folder) => {
        const execPath = path.join(folder, 'another');
        fs.symlinkSync(process.execPath, execPath);
        return told(fork, addons, { execPath, execArgv: ['--no-warnings'] });
      }),
  },
];
