'use strict';
// The command line.

const { parseArgs } = require('node:util');
const { select } = require('./workloads');

const USAGE = `npm run test:stress -- [--kills N] [--seconds S] [--only PRIMITIVE] [--net]
SEED=… repeats the choices of a run: victims, times, operations.`;
/** What CI runs. */
const KILLS = 200;
const KILLS_MAX = 1_000_000;
/** More than can be killed in a second. */
const KILLS_PER_SECOND = 100;

/**
 * @param {string[]} args
 * @param {{ SEED?: string }} env
 * @returns {{ seed: string, kills: number, seconds: number, isTimed: boolean, hasNet: boolean, selected: number[] }} `kills` and `seconds`: whichever comes first
 */
function readOptions(args, env) {
  const { values } = parseArgs({
    args,
    options: {
      kills: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', multiple: true },
      net: { type: 'boolean', default: false },
    },
  });
  const seconds = values.seconds === undefined ? Number.POSITIVE_INFINITY : count('--seconds', values.seconds);
  const kills =
    values.kills !== undefined
      ? count('--kills', values.kills)
      : Number.isFinite(seconds)
        ? seconds * KILLS_PER_SECOND
        : KILLS;
  const seed = env.SEED || String(Math.floor(Math.random() * 2 ** 32));
  return {
    seed,
    kills,
    seconds,
    isTimed: values.kills === undefined && Number.isFinite(seconds),
    hasNet: values.net,
    selected: select(values.only ?? []),
  };
}

function count(option, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > KILLS_MAX) {
    throw new RangeError(`${option} ${text}: expected an integer from 1 to ${KILLS_MAX}`);
  }
  return number;
}

/** The command that repeats a run's choices. */
function command({ seed, kills, seconds, isTimed, hasNet, selected }, all) {
  const only = selected.length === all.length ? [] : selected.map((number) => `--only ${all[number].name}`);
  const limits = [
    ...(isTimed ? [] : [`--kills ${kills}`]),
    ...(Number.isFinite(seconds) ? [`--seconds ${seconds}`] : []),
  ];
  return [`SEED=${seed}`, 'npm run test:stress --', ...limits, ...only, ...(hasNet ? ['--net'] : [])].join(' ');
}

module.exports = { USAGE, command, readOptions };
