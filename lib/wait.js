'use strict';
// wait(): until one of several things is there. None of them is taken.

const { invalidType, invalidValue } = require('./arguments');
const { AbortError, MultiprocError } = require('./errors');
const { Connection } = require('./pipe/connection');
const { Process } = require('./process/process');
const { Sentinel } = require('./process/sentinel');
const { isQueue } = require('./queue/queue');
const { SocketConnection } = require('./socket/connection');
const { Event } = require('./sync/event');
const goals = require('./sync/goals');
const { Latch } = require('./sync/latch');
const { onceClosed, open, waitFor } = require('./sync/shared_object');
const { waitOptions, waitUntil } = require('./waits');

/**
 * What can be waited for: whether it is one, whether it is there, a promise for that which a signal takes back, and for what
 * this thread can close, how it tells of that.
 *
 * @type {Array<{ is(source: unknown): boolean, isReady(source: any): boolean | Promise<boolean>, until(source: any, signal: AbortSignal): Promise<unknown>, onceClosed?(source: any, closed: () => void): () => void }>}
 */
const KINDS = [
  {
    is: (source) => source instanceof Connection,
    isReady: (source) => source.poll({ timeout: 0 }),
    until: (source, signal) => source.poll({ signal }),
    onceClosed: (source, closed) => {
      source.once('close', closed);
      return () => source.off('close', closed);
    },
  },
  {
    is: (source) => source instanceof SocketConnection,
    isReady: (source) => source.poll({ timeout: 0 }),
    until: (source, signal) => source.poll({ signal }),
  },
  {
    is: isQueue,
    isReady: (source) => !source.empty || source.isShutDown,
    until: (source, signal) => waitFor(open(source, 'wait'), goals.QUEUE_GET, -1, signal),
    onceClosed,
  },
  {
    is: (source) => source instanceof Event,
    isReady: (source) => source.isSet,
    until: (source, signal) => source.wait({ signal }),
    onceClosed,
  },
  {
    is: (source) => source instanceof Latch,
    isReady: (source) => source.count === 0,
    until: (source, signal) => source.wait({ signal }),
    onceClosed,
  },
  {
    is: (source) => source instanceof Process,
    isReady: (source) => source.sentinel.ready,
    until: (source, signal) => untilEnded(source.sentinel, signal),
  },
  {
    is: (source) => source instanceof Sentinel,
    isReady: (source) => source.ready,
    until: untilEnded,
  },
];

function untilEnded(sentinel, signal) {
  return new Promise((resolve) => {
    const forget = Sentinel.watch(sentinel, resolve);
    signal.addEventListener('abort', forget, { once: true });
  });
}

async function wait(sources, options) {
  const { limit, signal } = waitOptions('wait()', options);
  if (!Array.isArray(sources)) throw invalidType('wait()', 'sources', 'an array', sources);
  const watched = sources.map((source, place) => ({ source, kind: kindOf(source, place) }));
  if (signal?.aborted) throw new AbortError(signal.reason);
  const ready = await readyOf(watched);
  if (ready.length > 0 || limit === 0) return ready;
  if (watched.length === 0 && limit < 0 && signal === undefined) {
    throw invalidValue('wait()', 'sources', 'at least one source, or a time limit', sources);
  }
  return untilReady(watched, limit, signal);
}

function kindOf(source, place) {
  const kind = KINDS.find(({ is }) => is(source));
  if (kind !== undefined) return kind;
  throw invalidType(
    'wait()',
    `sources[${place}]`,
    'a Connection, SocketConnection, Queue, Process, a sentinel of one, Event or Latch',
    source,
  );
}

async function untilReady(watched, limit, signal) {
  const end = new AbortController();
  const first = new Set();
  const forget = [];
  const begin = (resolve, reject) => {
    for (const [place, { source, kind }] of watched.entries()) {
      forget.push(kind.onceClosed?.(source, () => reject(closedError(place))));
      kind.until(source, end.signal).then(
        () => {
          first.add(source);
          resolve();
        },
        (error) => (end.signal.aborted ? undefined : reject(error)),
      );
    }
  };
  try {
    await waitUntil(limit, signal, begin, (error) => {
      if (error !== null) throw error;
    });
  } finally {
    end.abort();
    for (const each of forget) each?.();
  }
  return readyOf(watched, first);
}

function closedError(place) {
  return new MultiprocError('ERR_MULTIPROC_CLOSED', `wait(): sources[${place}] was closed in this thread meanwhile`);
}

/** @param {Set<object>} [known] what was ready a moment ago: an event that was set and cleared counts */
async function readyOf(watched, known = new Set()) {
  const ready = [];
  for (const { source, kind } of watched) {
    if (known.has(source) || (await kind.isReady(source))) ready.push(source);
  }
  return ready;
}

module.exports = { wait };
