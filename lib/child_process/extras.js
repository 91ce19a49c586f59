'use strict';
// The options that our child processes have beyond those of Node.js, and what they may be. Used by spawn and by Process.

const { checkInteger, invalidType, invalidValue } = require('../arguments');
const { MultiprocError } = require('../errors');

/** Processors that the kernel can be built for; src/sys/spawn.rs has the same number. */
const CPU_COUNT_MAX = 8192;
const INTEGER_MAX = Number.MAX_SAFE_INTEGER;

/** Under this key a way to start the process that is not ours of binding/child.rs, if it can be: fork_server.js has it. */
const VIA = Symbol('multiproc.via');

/** The last two are for callers of ours alone. */
const FLAGS = ['killOnParentExit', 'shareDomain', 'closeOthers'];

/** What a child may use: by name, what is checked. */
const LIMITS = {
  nice: (call, name, value) => checkInteger(call, name, value, -20, 19),
  cpus: checkCpus,
  nofile: (call, name, value) => checkInteger(call, name, value, 8, 2 ** 30),
  cpuTime: (call, name, value) => checkInteger(call, name, value, 1, INTEGER_MAX),
  maxRss: (call, name, value) => checkInteger(call, name, value, 1, INTEGER_MAX),
};

const LIMIT_NAMES = Object.keys(LIMITS);

/** @returns {Partial<import('./handle').Extras>} those limits of `options` that are given */
function checkLimits(call, options) {
  const limits = { __proto__: null };
  for (const [name, check] of Object.entries(LIMITS)) {
    if (options[name] !== undefined) limits[name] = check(call, name, options[name]);
  }
  return limits;
}

function checkCpus(call, name, cpus) {
  if (!Array.isArray(cpus)) throw invalidType(call, name, 'an array of processor numbers', cpus);
  if (cpus.length === 0) throw invalidValue(call, name, 'an array of at least one processor number', cpus);
  return cpus.map((cpu, index) => checkInteger(call, `${name}[${index}]`, cpu, 0, CPU_COUNT_MAX - 1));
}

/** As src/binding/child.rs has them. */
function nativeLimits({ nice, cpus = [], nofile, cpuTime, maxRss }) {
  // The system counts seconds.
  const cpuSeconds = cpuTime === undefined ? undefined : Math.ceil(cpuTime / 1000);
  return { nice, cpus, openFiles: nofile, cpuSeconds, memoryLimit: maxRss };
}

function checkReap(call, reap) {
  if (reap === undefined || reap === 'auto' || reap === 'manual') return reap;
  throw invalidValue(call, 'reap', "'auto' or 'manual'", reap);
}

/** @returns {import('./handle').Extras} */
function checkExtras(call, options) {
  const extras = { killOnParentExit: false, shareDomain: false, closeOthers: false };
  if (options === null || typeof options !== 'object') return extras;
  for (const name of FLAGS) {
    if (options[name] === undefined) continue;
    if (typeof options[name] !== 'boolean') throw invalidType(call, name, 'a boolean', options[name]);
    extras[name] = options[name];
  }
  const reap = checkReap(call, options.reap);
  const via = options[VIA];
  return {
    ...extras,
    ...(reap === undefined ? {} : { reap }),
    ...(via === undefined ? {} : { via }),
    ...checkLimits(call, options),
  };
}

/** For a process that Node.js starts and not we. */
function refuseExtras(call, extras, where) {
  const given = Object.keys(extras).filter((name) => extras[name] && extras[name] !== 'auto');
  if (given.length === 0) return;
  throw new MultiprocError('ERR_MULTIPROC_UNSUPPORTED', `${call}: "${given.join('", "')}" cannot be had ${where}`);
}

/** The names of all that a process may use, and of who reaps it. */
const EXTRAS = [...FLAGS, ...LIMIT_NAMES, 'reap'];

module.exports = { EXTRAS, LIMIT_NAMES, VIA, checkExtras, checkLimits, checkReap, nativeLimits, refuseExtras };
