'use strict';
// Every class whose objects travel inside messages. Loading it registers how each is revived.

const classes = {
  ...require('./memory/buffer'),
  ...require('./memory/array'),
  ...require('./memory/value'),
  ...require('./queue/queue'),
  ...require('./pipe/connection'),
  ...require('./pipe/pipe'),
  ...require('./sync/barrier'),
  ...require('./sync/bounded_semaphore'),
  ...require('./sync/condition'),
  ...require('./sync/event'),
  ...require('./sync/latch'),
  ...require('./sync/lock'),
  ...require('./sync/monitor'),
  ...require('./sync/once'),
  ...require('./sync/rlock'),
  ...require('./sync/rwlock'),
  ...require('./sync/semaphore'),
};

// Debugging: see lockdep.js.
if (process.env.MULTIPROC_LOCKDEP === '1') require('./sync/lockdep').install(classes);

module.exports = classes;
