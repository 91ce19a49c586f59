'use strict';
// Waits of one event loop for what another program does: each ends with its result, its time, or its signal.

const { clearTimeout, setImmediate, setTimeout } = require('node:timers');
const { onceAborted } = require('./aborts');
const { checkSignal, checkTimeout, ownOptions } = require('./arguments');
const { AbortError } = require('./errors');

// What setTimeout() takes. Longer limits are for ever: 24 days.
const TIMER_MAX = 2 ** 31 - 1;

/** @returns {{ limit: number, signal: AbortSignal | undefined }} the checked options of a call that waits */
function waitOptions(call, options) {
  const { timeout, signal } = ownOptions(call, options, ['timeout', 'signal']);
  return { limit: checkTimeout(call, timeout), signal: checkSignal(call, signal) };
}

/**
 * @template T
 * @param {number} limit milliseconds, -1 for none; 0 and less look once, which takes a turn of the event loop
 * @param {AbortSignal | undefined} signal
 * @param {(resolve: (value: T) => void, reject: (error: Error) => void) => void} begin
 * @param {(error: Error | null) => T | void} giveUp takes the wait back: the time is over (null), or the signal's error. What
 *   it returns is the result after all; otherwise it throws
 * @returns {Promise<T>}
 */
function waitUntil(limit, signal, begin, giveUp) {
  if (signal?.aborted) return Promise.reject(new AbortError(signal.reason));
  return new Promise((resolve, reject) => {
    let isSettled = false;
    let forget = () => {};
    const settle = (action) => (value) => {
      if (isSettled) return;
      isSettled = true;
      forget();
      action(value);
    };
    const end = (error) => {
      if (isSettled) return;
      try {
        settle(resolve)(giveUp(error));
      } catch (failure) {
        settle(reject)(failure);
      }
    };
    begin(settle(resolve), settle(reject));
    if (isSettled) return;
    const stopClock = startClock(limit, () => end(null));
    const stopSignal = signal && onceAborted(signal, () => end(new AbortError(signal.reason)));
    forget = () => {
      stopClock();
      stopSignal?.();
    };
  });
}

function startClock(limit, over) {
  if (limit < 0 || limit > TIMER_MAX) return () => {};
  if (limit > 0) {
    const timer = setTimeout(over, Math.ceil(limit));
    return () => clearTimeout(timer);
  }
  // The first may come before the loop has looked at its sockets, the second does not.
  let stopped = false;
  setImmediate(() => setImmediate(() => stopped || over()));
  return () => {
    stopped = true;
  };
}

module.exports = { waitOptions, waitUntil };
