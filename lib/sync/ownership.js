'use strict';
// What a condition and acquireAll() ask of the locks that they are given, under symbols: no part of the interface.

module.exports = {
  /** (call): throws ERR_MULTIPROC_LOCK_NOT_OWNER unless the caller holds the lock. */
  mustHold: Symbol.for('multiproc.mustHold'),
  /** (): gives up all that the caller holds of the lock; returns what `resume` needs. */
  suspend: Symbol.for('multiproc.suspend'),
  /** (suspended): Promise, takes all of it back, however long that lasts. */
  resume: Symbol.for('multiproc.resume'),
  resumeSync: Symbol.for('multiproc.resumeSync'),
  /** (flow, limit, signal), (flow, limit), (native, flow): a re-entrant lock in the name of a flow. */
  acquireAs: Symbol.for('multiproc.acquireAs'),
  acquireSyncAs: Symbol.for('multiproc.acquireSyncAs'),
  releaseAs: Symbol.for('multiproc.releaseAs'),
};
