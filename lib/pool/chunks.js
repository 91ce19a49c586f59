'use strict';
// How `map` cuts its items into tasks.

/** Four chunks for each worker: few enough to cost little, many enough to even out items of different cost. */
function defaultChunkSize(itemCount, workerCount) {
  return Math.max(1, Math.ceil(itemCount / (workerCount * 4)));
}

/** @template T @param {T[]} items @returns {T[][]} */
function chunk(items, size) {
  const chunks = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}

/** @template T @param {Iterable<T> | AsyncIterable<T>} source @returns {Promise<T[]>} */
async function collect(source) {
  if (Array.isArray(source)) return source;
  if (typeof source[Symbol.asyncIterator] === 'function') {
    const items = [];
    for await (const item of source) items.push(item);
    return items;
  }
  return [...source];
}

module.exports = { chunk, collect, defaultChunkSize };
