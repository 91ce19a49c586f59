'use strict';
// loadTarget(): from a description to the function, in the process that runs it. Never loads the describing side.
//
// Functions are cached by the description's key; a function with a scope is made anew each time from the cached
// compilation, because the values are not part of the key.

const { MultiprocError } = require('../errors');
const { BoundedMap } = require('./bounded_map');
const { compileSource } = require('./compile');
const { importModule, requireModule } = require('./import_module');
const { rememberOrigin } = require('./origin');
const { findExport } = require('./find_export');
const { tasksOf } = require('./tasks');

const functions = new BoundedMap(1000);
const compilations = new BoundedMap(1000);

/**
 * @param {object} description from describeTarget()
 * @returns {Promise<Function>}
 * @throws ERR_MULTIPROC_TARGET: the module cannot be loaded (`cause`), or has no such export or task
 */
async function loadTarget(description) {
  const ready = loadTargetSync(description);
  if (ready !== undefined) return ready;
  const url = moduleOf(description);
  return take(description, await importModule(url));
}

/** @returns {Function | undefined} undefined when the module has to be imported asynchronously */
function loadTargetSync(description) {
  const known = functions.get(description?.key);
  if (known !== undefined) return known;
  if (description?.form === 'source') return loadSource(description);
  const url = moduleOf(description);
  if (description.form === 'task') {
    const task = tasksOf(url)?.get(description.name);
    if (task !== undefined) return remember(description, task);
  }
  const namespace = requireModule(url);
  return namespace === undefined ? undefined : take(description, namespace);
}

function loadSource(description) {
  let make = compilations.get(description.key);
  if (make === undefined) {
    make = compile(description);
    compilations.set(description.key, make);
  }
  const loaded = make(description.scope);
  if (loaded.name !== description.name)
    Object.defineProperty(loaded, 'name', { value: description.name, configurable: true });
  if (description.scopeNames.length > 0) return rememberOrigin(loaded, description);
  return remember(description, loaded);
}

function compile(description) {
  try {
    return compileSource(description);
  } catch (cause) {
    throw new MultiprocError(
      'ERR_MULTIPROC_TARGET',
      `the source of ${description.name || 'the function'} ` +
        `cannot be compiled by this Node.js (${process.version}): ${cause.message}`,
      { cause },
    );
  }
}

function remember(description, loaded) {
  functions.set(description.key, loaded);
  return rememberOrigin(loaded, description);
}

function moduleOf(description) {
  const url =
    description?.form === 'task' ? description.file : description?.form === 'module' ? description.url : undefined;
  if (typeof url !== 'string') {
    throw new MultiprocError('ERR_MULTIPROC_TARGET', `not a description of a target (form ${description?.form})`);
  }
  return url;
}

function take(description, namespace) {
  if (description.form === 'module') return remember(description, findExport(namespace, description));
  const { file, name } = description;
  const tasks = tasksOf(file);
  const task = tasks?.get(name);
  if (task !== undefined) return remember(description, task);
  throw new MultiprocError(
    'ERR_MULTIPROC_TARGET',
    `${file} defines no task "${name}" when it is imported; ` +
      `tasks found: ${tasks === undefined ? 'none' : [...tasks.keys()].join(', ')}. ` +
      'Call defineTasks() at the top level of the module, with its own import.meta.url or __filename',
  );
}

module.exports = { loadTarget, loadTargetSync };
