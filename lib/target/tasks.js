'use strict';
// defineTasks(): functions that a child finds by (file, name).
//
// The registry hangs on globalThis under a registered symbol, so that every copy of this package in the process
// (ESM and CJS, or two versions in node_modules) shares it. A file that runs again (jest.resetModules, hot reload)
// replaces its tasks; a function that lost its name to a different one is refused by findTask, never confused with it.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { invalidType, invalidValue } = require('../arguments');

const REGISTRY = Symbol.for('multiproc.tasks.1');
const CALL = 'defineTasks()';
const FILE = 'import.meta.url, __filename, or another absolute path or file: URL';

/** files: URL → name → function; tasks: function → { file, name } */
function registry() {
  if (globalThis[REGISTRY] === undefined) {
    Object.defineProperty(globalThis, REGISTRY, { value: { files: new Map(), tasks: new WeakMap() } });
  }
  return globalThis[REGISTRY];
}

/**
 * Makes functions that another process can import by name.
 *
 * Call it at the top level of a module, with that module's own name: the child imports the file and looks for the
 * functions there. They may use anything of their module; `this` is undefined in the child.
 * @template {Record<string, (...args: any[]) => unknown>} T
 * @param {string | URL} file `import.meta.url` in an ES module, `__filename` in CommonJS
 * @param {T} tasks
 * @returns {Readonly<T>} the same functions, callable here as well
 */
function defineTasks(file, tasks) {
  const url = fileURL(file);
  if (tasks === null || typeof tasks !== 'object' || Array.isArray(tasks)) {
    throw invalidType(CALL, 'tasks', 'an object of functions', tasks);
  }
  const entries = Object.entries(tasks);
  for (const [name, task] of entries) {
    if (typeof task !== 'function') throw invalidType(CALL, `tasks.${name}`, 'a function', task);
    if (/^class\b(?!\s*\()/.test(textOf(task))) {
      throw invalidValue(CALL, `tasks.${name}`, 'a function, not a class', task);
    }
  }
  const { files, tasks: known } = registry();
  if (!files.has(url)) files.set(url, new Map());
  const named = files.get(url);
  for (const [name, task] of entries) {
    named.set(name, task);
    known.set(task, { file: url, name });
  }
  return Object.freeze(Object.fromEntries(entries));
}

function fileURL(file) {
  const text = file instanceof URL ? file.href : file;
  if (typeof text !== 'string') throw invalidType(CALL, 'file', FILE, file);
  if (text.startsWith('file:') && URL.canParse(text)) return new URL(text).href;
  if (!path.isAbsolute(text)) throw invalidValue(CALL, 'file', FILE, file);
  return pathToFileURL(text).href;
}

/** @returns {{ file: string, name: string, current: boolean } | undefined} current: the name still means this function */
function findTask(target) {
  const { files, tasks } = registry();
  const found = tasks.get(target);
  if (found === undefined) return undefined;
  const holder = files.get(found.file).get(found.name);
  // The same text: the file ran again, and the child will see what this function is.
  return { ...found, current: holder === target || textOf(holder) === textOf(target) };
}

function textOf(task) {
  return Function.prototype.toString.call(task);
}

/** @returns {Map<string, Function> | undefined} the tasks that the file has defined in this process */
function tasksOf(file) {
  return registry().files.get(file);
}

module.exports = { defineTasks, findTask, tasksOf };
