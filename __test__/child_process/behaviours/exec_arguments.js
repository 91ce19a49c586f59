'use strict';
// Arguments of exec() and execFile() that are refused, and the forms in which they may come.

const nothing = () => {};

const SHARED = {
  'no command': [],
  'command is a number': [1],
  'command is null': [null],
  'command is empty': [''],
  'command contains NUL': ['tr\0ue'],
  'callback is no function': ['true', {}, 'callback'],
  'timeout is negative': ['true', { timeout: -1 }, nothing],
  'timeout is a fraction': ['true', { timeout: 1.5 }, nothing],
  'timeout is text': ['true', { timeout: '1' }, nothing],
  'maxBuffer is negative': ['true', { maxBuffer: -1 }, nothing],
  'maxBuffer is text': ['true', { maxBuffer: '1' }, nothing],
  'maxBuffer is NaN': ['true', { maxBuffer: NaN }, nothing],
  'killSignal is unknown': ['true', { killSignal: 'SIGNOTHING' }, nothing],
  'killSignal is an object': ['true', { killSignal: {} }, nothing],
  'killSignal is out of range': ['true', { killSignal: 500 }, nothing],
  'signal is no AbortSignal': ['true', { signal: 'abort' }, nothing],
  'cwd is a number': ['true', { cwd: 1 }, nothing],
  'cwd contains NUL': ['true', { cwd: 'a\0b' }, nothing],
  'uid is text': ['true', { uid: 'root' }, nothing],
  'gid is text': ['true', { gid: 'root' }, nothing],
  'argv0 is a number': ['true', { argv0: 1 }, nothing],
  'argv0 contains NUL': ['true', { argv0: 'a\0' }, nothing],
  'an environment value contains NUL': ['true', { env: { A: 'b\0' } }, nothing],
};

const EXEC = {
  'options are an array': ['no-such-program-here', [], undefined],
};

const EXEC_FILE = {
  'arguments are text': ['true', 'a'],
  'arguments are a number': ['true', 1],
  'an argument contains NUL': ['true', ['a\0']],
  'options are text': ['true', [], 'options'],
  'options are an array': ['true', [], []],
  'options are a number': ['true', [], 1],
  'shell is a number': ['true', [], { shell: 1 }],
  'shell contains NUL': ['true', [], { shell: 'a\0' }],
  'callback is an object': ['true', [], {}, {}],
};

const refused = (call, calls) =>
  Object.entries(calls).map(([name, args]) => ({
    name: `${call} refused: ${name}`,
    run: ({ [call]: start, thrown }) => thrown(() => start(...args)?.on('error', nothing)),
  }));

/** Each of these runs and calls back. `callback` stands for itself. */
const CALLBACK = Symbol('callback');
const FORMS = {
  'file, callback': ['true', CALLBACK],
  'file, arguments, callback': ['true', [], CALLBACK],
  'file, options, callback': ['true', {}, CALLBACK],
  'file, arguments, options, callback': ['true', [], {}, CALLBACK],
  'file, null, callback': ['true', null, CALLBACK],
  'file, undefined, undefined, callback': ['true', undefined, undefined, CALLBACK],
  'file, arguments, null, callback': ['true', [], null, CALLBACK],
  'file, options, undefined, callback': ['true', {}, undefined, CALLBACK],
};

const forms = Object.entries(FORMS).map(([name, args]) => ({
  name: `execFile form: ${name}`,
  run: ({ execFile, closed }) =>
    new Promise((resolve) => {
      const called = [];
      const callback = (error, stdout, stderr) => called.push([error, stdout, stderr]);
      const child = execFile(...args.map((argument) => (argument === CALLBACK ? callback : argument)));
      closed(child).then((events) => setImmediate(() => resolve({ events, called })));
    }),
}));

module.exports = [
  ...refused('exec', { ...SHARED, ...EXEC }),
  ...refused('execFile', { ...SHARED, ...EXEC_FILE }),
  ...forms,
  {
    name: 'exec form: command, undefined, callback',
    run: ({ exec }) => new Promise((resolve) => exec('echo x', undefined, (...told) => resolve(told))),
  },
  {
    name: 'exec and execFile do not change what they are given',
    run: async ({ exec, execFile }) => {
      const options = Object.freeze({ timeout: 60_000, env: Object.freeze({ PATH: process.env.PATH }) });
      const args = Object.freeze(['x']);
      return [
        await new Promise((resolve) => exec('echo x', options, (...told) => resolve(told))),
        await new Promise((resolve) => execFile('printf', args, options, (...told) => resolve(told))),
      ];
    },
  },
];
