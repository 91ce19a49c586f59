'use strict';
// Arguments of the functions that block, which are refused.

const SHARED = {
  'no command': [],
  'command is a number': [1],
  'command is empty': [''],
  'command contains NUL': ['tr\0ue'],
  'timeout is negative': ['true', { timeout: -1 }],
  'timeout is text': ['true', { timeout: '1' }],
  'maxBuffer is negative': ['true', { maxBuffer: -1 }],
  'maxBuffer is text': ['true', { maxBuffer: '1' }],
  'maxBuffer is NaN': ['true', { maxBuffer: NaN }],
  'killSignal is unknown': ['true', { killSignal: 'SIGNOTHING' }],
  'killSignal is an object': ['true', { killSignal: {} }],
  'cwd is a number': ['true', { cwd: 1 }],
  'uid is text': ['true', { uid: 'root' }],
  'gid is text': ['true', { gid: 'root' }],
  'detached is text': ['true', { detached: 'yes' }],
  'windowsHide is text': ['true', { windowsHide: 'yes' }],
  'windowsVerbatimArguments is text': ['true', { windowsVerbatimArguments: 'yes' }],
  'argv0 contains NUL': ['true', { argv0: 'a\0' }],
  'env contains NUL': ['true', { env: { A: 'b\0' } }],
  'stdio is an unknown word': ['true', { stdio: 'pipes' }],
  'stdio is an object': ['true', { stdio: {} }],
  'stdio is true': ['true', { stdio: true }],
  'stdio with a channel': ['true', { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }],
  'an entry of stdio is an object': ['true', { stdio: [{}] }],
  'an entry of stdio is true': ['true', { stdio: [true] }],
  'input is a number': ['true', { input: 1 }],
  'input is an object': ['true', { input: {} }],
  'input is true': ['true', { input: true }],
  'input in an unknown encoding': ['true', { input: 'x', encoding: 'no-such-encoding' }],
  'output in an unknown encoding': ['echo', { encoding: 'no-such-encoding' }],
};

const WITH_ARGUMENTS = {
  'arguments are text': ['true', 'a'],
  'arguments are a number': ['true', 1],
  'an argument contains NUL': ['true', ['a\0']],
  'options are text': ['true', [], 'options'],
  'options are an array': ['true', [], []],
  'options are a function': ['true', [], () => {}],
  'shell is a number': ['true', [], { shell: 1 }],
};

const refused = (call, calls) =>
  Object.entries(calls).map(([name, args]) => ({
    name: `${call} refused: ${name}`,
    run: ({ [call]: run, thrown }) => thrown(() => run(...args)),
  }));

module.exports = [
  ...refused('spawnSync', { ...SHARED, ...WITH_ARGUMENTS }),
  ...refused('execFileSync', {
    ...SHARED,
    ...WITH_ARGUMENTS,
    'options twice': ['true', {}, {}],
  }),
  ...refused('execSync', SHARED),
  {
    name: 'the functions that block do not change what they are given',
    run: ({ spawnSync, execFileSync }) => {
      const options = Object.freeze({ stdio: Object.freeze(['pipe', 'pipe', 'pipe']), env: Object.freeze({}) });
      const args = Object.freeze(['x']);
      return [spawnSync('/usr/bin/printf', args, options).stdout, execFileSync('/usr/bin/printf', args, options)];
    },
  },
];
