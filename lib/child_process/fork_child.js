'use strict';
// The program that fork() starts: whether it can load our side of the channel, and how it is made to do so first.
//
// Other programs than Node.js have no `--require`, and Node.js may be told to load no addons. fork() leaves such children to
// Node's own.

const fs = require('node:fs');
const path = require('node:path');
const { PRELOAD, preloadOption } = require('../child/preload_option');
const { inheritableEnvironment } = require('../process/exec_argv');
const { ownEnvironment } = require('./normalise');

/** With a version behind it, too, as systems install several. */
const NODE_NAME = /^node(js)?([-.]?v?\d[\d.]*)?$/;
/** Flags with which no addon can be loaded, in a list of arguments or in NODE_OPTIONS. */
const REFUSING = /(^|[\s"])--(no-addons|(experimental-)?permission(-audit)?)(=|"|\s|$)/;
/** What NODE_OPTIONS has to load runs before what the arguments have. */
const LOADING = /(^|[\s"])(-r|--require)(=|"|\s|$)/;
/** What makes Node.js itself a part of another family: the channel of a parent, the number of a worker of node:cluster. */
const OF_ANOTHER = ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID'];

/** @returns {boolean} whether the program will load our side of the channel */
function loadsAddons({ execPath, execArgv, env }) {
  return isNode(execPath) && !execArgv.some((flag) => REFUSING.test(flag)) && !REFUSING.test(env.NODE_OPTIONS ?? '');
}

function isNode(execPath) {
  if (execPath === process.execPath || NODE_NAME.test(path.basename(execPath))) return true;
  try {
    return NODE_NAME.test(path.basename(fs.realpathSync(execPath)));
  } catch {
    return false;
  }
}

/**
 * The environment as given: what it inherits counts, as in Node.js. Without one that of this process, without the flags that
 * are its own.
 * @param {Record<string, unknown> | null | undefined} given
 */
function environmentOf(given) {
  const source = given || ownEnvironment();
  const env = { __proto__: null };
  for (const name in source) env[name] = source[name];
  for (const name of OF_ANOTHER) delete env[name];
  return given ? env : { __proto__: null, ...inheritableEnvironment(env) };
}

/**
 * Our side of the channel is loaded before anything of the user's, so that what is loaded before the program has it, too.
 * @returns {{ flags: string[], env: Record<string, unknown> }} fork_preload.js takes both away from the program's sight
 */
function preloaded(execArgv, env) {
  const { NODE_OPTIONS } = env;
  if (!LOADING.test(NODE_OPTIONS ?? '')) return { flags: ['--require', PRELOAD, ...execArgv], env };
  return { flags: execArgv, env: { ...env, NODE_OPTIONS: preloadOption + NODE_OPTIONS } };
}

module.exports = { environmentOf, loadsAddons, preloaded };
