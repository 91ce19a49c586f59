'use strict';
// Stacks of errors that come from another process: first what was called there, then where the process was started here.

/** Remembers where the caller of `below` stands. V8 makes the text only when it is asked for. */
function callSite(below) {
  const site = {};
  Error.captureStackTrace?.(site, below);
  return site;
}

/**
 * Adds the call site to an error's stack. An error that cannot be changed, or is none, stays as it is.
 * @param {string} [what] stands between the two stacks; without it the error is ours, and its own stack tells nothing
 */
function withCallSite(error, site, what) {
  if (!(error instanceof Error)) return error;
  const frames = String(site.stack ?? '').replace(/^[^\n]*\n?/, '');
  if (frames === '') return error;
  const value =
    what === undefined ? `${error.name}: ${error.message}\n${frames}` : `${error.stack}\n    --- ${what}\n${frames}`;
  try {
    Object.defineProperty(error, 'stack', { value, writable: true, configurable: true, enumerable: false });
  } catch {
    // Frozen.
  }
  return error;
}

module.exports = { callSite, withCallSite };
