'use strict';
// Which of this process's Node.js flags its children get: loaders and limits, but nothing that belongs to one process.

// A debugger's port, a test run, a watcher, a profile: each is one process's own.
const OWN =
  /^--(inspect|debug|test|watch|cpu-prof|heap-prof|prof($|-|=)|heapsnapshot|report-on|trace-event|eval|print|check|interactive|build-sea|experimental-sea-config)/;
// Those of them whose value may stand apart.
const OWN_WITH_VALUE =
  /^--((cpu|heap)-prof-(dir|name|interval)|(inspect|debug)-port|inspect-publish-uid|watch-path|heapsnapshot-(signal|near-heap-limit)|trace-event-(categories|file-pattern)|test-(reporter|reporter-destination|name-pattern|skip-pattern|concurrency|shard|timeout|isolation|coverage-(include|exclude|branches|functions|lines)))$/;
// Flags of one letter or with a separate value that start a program instead of configuring it.
const WITH_VALUE = new Set(['-e', '--eval', '-p', '--print', '-pe', '--input-type', '--run']);
const ALONE = new Set(['-i', '-c', '-v', '-h']);

/** @param {string[]} execArgv */
function inheritableExecArgv(execArgv = process.execArgv) {
  const kept = [];
  for (let index = 0; index < execArgv.length; index += 1) {
    const flag = execArgv[index];
    if (WITH_VALUE.has(flag) || OWN_WITH_VALUE.test(flag)) index += 1;
    else if (!ALONE.has(flag) && !OWN.test(flag) && !flag.startsWith('--input-type=')) kept.push(flag);
  }
  return kept;
}

/** NODE_OPTIONS with the same flags taken out; `undefined` when nothing is left. */
function inheritableNodeOptions(value) {
  if (value === undefined) return undefined;
  const words = value.split(/\s+/).filter((word) => word !== '');
  const kept = words.filter((word, index) => !OWN.test(word) && !OWN_WITH_VALUE.test(words[index - 1] ?? ''));
  return kept.length === 0 ? undefined : kept.join(' ');
}

/** Variables that tie a process to its own starter. */
const OWN_VARIABLES = [
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'NODE_TEST_CONTEXT',
  'NODE_V8_COVERAGE_CHILD',
];

/** @param {Record<string, string | undefined>} env */
function inheritableEnvironment(env = process.env) {
  const kept = { ...env };
  for (const name of OWN_VARIABLES) delete kept[name];
  const options = inheritableNodeOptions(kept.NODE_OPTIONS);
  if (options === undefined) delete kept.NODE_OPTIONS;
  else kept.NODE_OPTIONS = options;
  return kept;
}

module.exports = { inheritableExecArgv, inheritableEnvironment };
