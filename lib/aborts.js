'use strict';
// Tells any number of waits and tasks that their signal was aborted, with one listener for each signal: Node.js warns of
// a leak when there are more than ten.

/** @type {WeakMap<AbortSignal, { actions: Set<() => void>, listener: () => void }>} */
const watched = new WeakMap();

/** Calls `action` when the signal is aborted. @returns {() => void} takes it back */
function onceAborted(signal, action) {
  if (!watched.has(signal)) watch(signal);
  const { actions, listener } = watched.get(signal);
  actions.add(action);
  return () => {
    actions.delete(action);
    if (actions.size > 0 || watched.get(signal)?.actions !== actions) return;
    watched.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

function watch(signal) {
  const actions = new Set();
  const listener = () => {
    watched.delete(signal);
    for (const action of [...actions]) action();
  };
  watched.set(signal, { actions, listener });
  signal.addEventListener('abort', listener, { once: true });
}

module.exports = { onceAborted };
