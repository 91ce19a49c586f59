'use strict';
// The types as projects with other compiler options see them: each module system, with and without esModuleInterop,
// without the newest library, and with the declaration files themselves checked.

const fs = require('node:fs');
const path = require('node:path');
const test = require('ava');
const ts = require('typescript');

const ROOT = path.join(__dirname, '../..');

const COMMONJS = `
import { Lock, Process, SharedArray, type ErrorCode } from 'multiproc';
import multiproc = require('multiproc');
const lock: Lock = new multiproc.Lock();
const view: Int32Array = new SharedArray('i32', 4).view;
const result: Promise<number> = new Process((n) => n + 1, { args: [1] }).result;
const code: ErrorCode = 'ERR_MULTIPROC_CLOSED';
// @ts-expect-error there is no such element type
new SharedArray('nope', 4);
export const all = [lock, view, result, code, Lock];
`;
const MODULE = COMMONJS.replace("import multiproc = require('multiproc')", "import multiproc from 'multiproc'").replace(
  'export const',
  "import * as namespace from 'multiproc';\nconst pool: namespace.Pool = new namespace.Pool();\nvoid pool;\nexport const",
);
const DEFAULT_IN_COMMONJS = COMMONJS.replace(
  "import multiproc = require('multiproc')",
  "import multiproc from 'multiproc'",
);

const { ModuleKind, ModuleResolutionKind } = ts;
const NODE16 = { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 };
const NODENEXT = { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext };
const BUNDLER = { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler };
const ON = { esModuleInterop: true };
const OFF = { esModuleInterop: false, allowSyntheticDefaultImports: false };

const projects = [
  ['node16, CommonJS, interop on', 'project.cts', COMMONJS, { ...NODE16, ...ON }],
  ['node16, CommonJS, interop on, default import', 'project.cts', DEFAULT_IN_COMMONJS, { ...NODE16, ...ON }],
  ['node16, CommonJS, interop off', 'project.cts', COMMONJS, { ...NODE16, ...OFF }],
  ['node16, ES module, interop on', 'project.mts', MODULE, { ...NODE16, ...ON }],
  ['node16, ES module, interop off', 'project.mts', MODULE, { ...NODE16, ...OFF }],
  ['nodenext, CommonJS, interop off', 'project.cts', COMMONJS, { ...NODENEXT, ...OFF }],
  ['nodenext, ES module, interop off', 'project.mts', MODULE, { ...NODENEXT, ...OFF }],
  ['nodenext, ES module, interop on', 'project.mts', MODULE, { ...NODENEXT, ...ON }],
  ['bundler, interop on', 'project.ts', MODULE, { ...BUNDLER, ...ON }],
  ['bundler, interop off', 'project.ts', MODULE, { ...BUNDLER, ...OFF }],
];

// The library's files are parsed once.
const parsed = new Map();

/** @returns {string[]} what the compiler says of a project of that one file, which lies in the package and so finds it by name */
function compile(name, text, options) {
  const file = path.join(ROOT, name);
  const all = {
    noEmit: true,
    strict: true,
    skipLibCheck: false,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    types: ['node'],
    ...options,
  };
  const host = ts.createCompilerHost(all);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (asked) => asked === file || fileExists(asked);
  host.readFile = (asked) => (asked === file ? text : readFile(asked));
  host.getSourceFile = (asked, settings, ...rest) => {
    if (asked === file) return ts.createSourceFile(asked, text, settings);
    if (!asked.includes('/node_modules/')) return getSourceFile(asked, settings, ...rest);
    const key = `${asked} ${settings.impliedNodeFormat}`;
    if (!parsed.has(key)) parsed.set(key, getSourceFile(asked, settings, ...rest));
    return parsed.get(key);
  };
  const program = ts.createProgram([file], all, host);
  // Our files alone: the libraries are not ours to check, and take their time.
  const ours = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('/node_modules/'));
  const found = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()];
  for (const source of ours) {
    found.push(...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source));
  }
  return found.map(describe);
}

function describe({ file, start, messageText }) {
  const place = file ? `${path.basename(file.fileName)}:${file.getLineAndCharacterOfPosition(start).line + 1} ` : '';
  return place + ts.flattenDiagnosticMessageText(messageText, ' ');
}

for (const [title, name, text, options] of projects) {
  test(title, (t) => {
    t.timeout(60_000);
    t.deepEqual(compile(name, text, options), []);
  });
}

test('a project that uses a wrong name is told so', (t) => {
  const complaints = compile('project.cts', "import { Locks } from 'multiproc';\nLocks;\n", { ...NODE16, ...ON });
  t.is(complaints.length, 1);
  t.regex(complaints[0], /no exported member (named )?'Locks'/);
});

test('the files that package.json names exist', (t) => {
  const { exports, files, types, main } = require('../../package.json');
  const named = [types, main, ...Object.values(exports['.']).flatMap((condition) => Object.values(condition))];
  for (const file of named) {
    t.true(fs.existsSync(path.join(ROOT, file)), file);
    t.true(files.includes(file.replace('./', '')), `${file} is packed`);
  }
});
