'use strict';
// Two words more for the `stdio` option of what starts a child: 'prefix' and 'capture'.
//
// 'prefix': stdout and stderr of the child are shown as this program's own, whole lines with the child's name before them;
// its stdin is this program's. 'capture': a pipe whose content `child.result` has, whenever that is asked for. Both may
// stand in a list as well, at the places of stdout and stderr. For Node.js they are pipes.

const { invalidType, invalidValue } = require('../arguments');
const { showLines } = require('./lines');

const OUTPUTS = [1, 2];

/**
 * @typedef {{ shown: number[], isCaptured: boolean, prefix: string | undefined }} Words
 * @param {string} call whose options they are, for errors
 * @param {unknown} options left as they are; what is returned differs in `stdio` only
 * @returns {{ options: unknown, words: Words | null }} null: none of the words is there
 */
function replaceWords(call, options) {
  const { stdio, prefix } = options ?? {};
  if (stdio === 'prefix') {
    return {
      options: { ...options, stdio: ['inherit', 'pipe', 'pipe'] },
      words: wordsOf(call, prefix, OUTPUTS, false),
    };
  }
  if (stdio === 'capture') return { options: { ...options, stdio: 'pipe' }, words: wordsOf(call, prefix, [], true) };
  if (!Array.isArray(stdio)) return { options, words: null };
  for (const [number, entry] of stdio.entries()) {
    if ((entry !== 'prefix' && entry !== 'capture') || OUTPUTS.includes(number)) continue;
    const expected = "what Node.js takes ('prefix' and 'capture' are for stdout and stderr)";
    throw invalidValue(call, `options.stdio[${number}]`, expected, entry);
  }
  const shown = OUTPUTS.filter((number) => stdio[number] === 'prefix');
  const captured = OUTPUTS.filter((number) => stdio[number] === 'capture');
  if (shown.length + captured.length === 0) return { options, words: null };
  const plain = stdio.map((entry, number) => (shown.includes(number) || captured.includes(number) ? 'pipe' : entry));
  return { options: { ...options, stdio: plain }, words: wordsOf(call, prefix, shown, captured.length > 0) };
}

function wordsOf(call, prefix, shown, isCaptured) {
  if (prefix !== undefined && typeof prefix !== 'string') {
    throw invalidType(call, 'options.prefix', 'a string', prefix);
  }
  return { prefix, shown, isCaptured };
}

/**
 * @param {import('node:child_process').ChildProcess} child just started
 * @param {Words} words
 * @param {string} name what the child is called by when no prefix is given
 */
function showPrefixed(child, { shown, prefix }, name) {
  if (child.pid === undefined) return;
  const text = prefix ?? `[${name} ${child.pid}] `;
  for (const number of shown) {
    if (child.stdio[number] !== null)
      showLines(child.stdio[number], number === 1 ? process.stdout : process.stderr, text);
  }
}

module.exports = { replaceWords, showPrefixed };
