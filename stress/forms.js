'use strict';
// The ways to wait, drawn for each operation: blocking or not, with a limit, with a signal that is aborted, or not at
// all. What every wait promises is checked here, whatever is waited for: one without a limit succeeds, one with a limit
// is not over before its time, an aborted one rejects with an AbortError and only when it was aborted.

/** In the order of their numbers on the board. */
const FORMS = ['blocking', 'blocking with a limit', 'try', 'promise', 'promise with a limit', 'promise with a signal'];
const [BLOCKING, BLOCKING_LIMITED, TRY, PROMISE, PROMISE_LIMITED, SIGNAL] = FORMS.keys();

const ALONE = [
  [35, BLOCKING],
  [10, BLOCKING_LIMITED],
  [8, TRY],
  [30, PROMISE],
  [10, PROMISE_LIMITED],
  [7, SIGNAL],
];
/** Several flows in a thread must not block each other: one may hold what another blocks for. */
const AMONG_OTHERS = [
  [15, TRY],
  [60, PROMISE],
  [13, PROMISE_LIMITED],
  [12, SIGNAL],
];
const LIMIT_MAX_MS = 15;

/**
 * @typedef {object} Ways
 * @property {(limit?: number) => boolean} sync
 * @property {(options?: object) => Promise<boolean>} promise
 * @property {() => boolean} [attempt]
 * @property {(isUnlimited: boolean) => void} [before] called when it is known how one waits, and right before one does
 */

/**
 * Waits in one of the ways that the thing has. The caller says what it does with the result; the record says HOLDS when
 * the wait succeeded.
 *
 * @param {import('./flow').Flow} flow
 * @param {Ways} ways
 * @returns {Promise<boolean>} whether it succeeded
 */
async function wait(flow, ways) {
  const form = draw(flow, ways);
  const limit = flow.random.below(LIMIT_MAX_MS);
  const isLimited = form === BLOCKING_LIMITED || form === PROMISE_LIMITED;
  flow.asks(isLimited || form === SIGNAL ? limit : 0, form);
  ways.before?.(form === BLOCKING || form === PROMISE);
  const succeeded = await begin(flow, ways, form, limit);
  if (succeeded !== true && succeeded !== false) throw new TypeError(`a wait gave ${succeeded}`);
  if (succeeded) {
    flow.holds();
  } else {
    if (form === BLOCKING || form === PROMISE) flow.fault('a wait without a limit gave false');
    // Half a millisecond: the limit counts from a moment after ours.
    if (isLimited && flow.waited < limit - 0.5) {
      flow.fault(`a wait with a limit of ${limit} ms was over after ${flow.waited} ms`);
    }
  }
  return succeeded;
}

function draw(flow, ways) {
  const forms = flow.isAlone ? ALONE : AMONG_OTHERS;
  return flow.random.weighted(ways.attempt === undefined ? forms.filter(([, form]) => form !== TRY) : forms);
}

function begin(flow, ways, form, limit) {
  switch (form) {
    case BLOCKING:
      return ways.sync();
    case BLOCKING_LIMITED:
      return ways.sync(limit);
    case TRY:
      return ways.attempt();
    case PROMISE:
      return ways.promise();
    case PROMISE_LIMITED:
      return ways.promise({ timeout: limit });
    default:
      return untilAborted(flow, (options) => ways.promise(options), limit);
  }
}

/** @returns {Promise<boolean>} false: it was aborted */
async function untilAborted(flow, promise, after) {
  const controller = new AbortController();
  if (after === 0) controller.abort();
  const timer = setTimeout(() => controller.abort(), after);
  try {
    return await promise({ signal: controller.signal });
  } catch (error) {
    if (error?.code !== 'ABORT_ERR') throw error;
    if (!controller.signal.aborted) flow.fault('a wait was aborted by nobody');
    return false;
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { FORMS, BLOCKING, BLOCKING_LIMITED, PROMISE, PROMISE_LIMITED, SIGNAL, TRY, untilAborted, wait };
