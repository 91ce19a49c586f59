'use strict';
// How `map` cuts its items into tasks.

const { SerializationError } = require('../errors');

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

/** The path of what could not travel counts from the start of the chunk; the user counts from that of the items. */
function shiftPath(error, offset) {
  const match = offset > 0 && error instanceof SerializationError ? /^(items|result)\[(\d+)\]/.exec(error.path) : null;
  if (match === null) return error;
  const path = `${match[1]}[${Number(match[2]) + offset}]${error.path.slice(match[0].length)}`;
  return new SerializationError(path + error.message.slice(error.path.length), { path, cause: error.cause });
}

module.exports = { chunk, collect, defaultChunkSize, shiftPath };
