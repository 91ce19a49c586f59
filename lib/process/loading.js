'use strict';
// What the loading of a child's module has begun, and that it starts no processes.
//
// A script without `if (isMainProcess)` starts its processes again in each of them, without end. While the module is being
// loaded every start is refused. What its top level has begun may start one later, after an await: an AsyncLocalStorage tells
// it from the function that the process was started for. Then only what would load the same module again is refused, which
// is what never ends: of an object that was made at the top level, a client or a server, later events are marked as well.
//
// While the storage is active, every await of the thread costs more on Node.js 20 and 22. It is ended again when a module
// that loads at once has begun nothing.

const { AsyncLocalStorage, createHook } = require('node:async_hooks');
const { MultiprocError } = require('../errors');
const role = require('./role');

const WAY_OUT = 'start processes inside `if (isMainProcess) { … }` or inside a function';

let hasBegun = false;

/**
 * In a child: calls `load`, which loads the module of that URL, synchronously or not.
 * @template T @param {string | undefined} url undefined: it runs nothing of the user's @param {() => T} load @returns {T}
 */
function whileLoading(url, load) {
  if (url === undefined) return load();
  role.loading ??= new AsyncLocalStorage();
  const begun = createHook({
    init: () => {
      hasBegun = true;
    },
  }).enable();
  role.bootstrapping = true;
  let result;
  let isPending = false;
  try {
    result = role.loading.run(url, load);
    isPending = typeof result?.then === 'function';
  } finally {
    begun.disable();
    if (isPending) hasBegun = true;
    else over();
  }
  return isPending ? result.finally(over) : result;
}

function over() {
  role.bootstrapping = false;
  if (!hasBegun) role.loading.disable();
}

/** @param {{ form: string, file?: string, url?: string } | undefined} description @returns {string | undefined} the module that it loads */
function moduleOf(description) {
  if (description?.form === 'task') return description.file;
  return description?.form === 'source' ? undefined : description?.url;
}

function refuseWhileLoading(call) {
  if (!role.bootstrapping) return;
  throw new MultiprocError(
    'ERR_MULTIPROC_BOOTSTRAP',
    `${call}: a process was started while this one, itself a child, was still loading its function's module; ${WAY_OUT}`,
  );
}

/** @param {string | undefined} url of the module that the process would load */
function refuseRepeatedLoad(call, url) {
  if (url === undefined || role.loading?.getStore() !== url) return;
  throw new MultiprocError(
    'ERR_MULTIPROC_BOOTSTRAP',
    `${call}: this process, itself a child, has loaded ${url} for its function, and the top level of that has begun what now ` +
      `starts a process that would load it again; ${WAY_OUT}`,
  );
}

module.exports = { moduleOf, refuseRepeatedLoad, refuseWhileLoading, whileLoading };
