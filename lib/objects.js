'use strict';
// Every class whose objects travel inside messages. Loading it registers how each is revived.

module.exports = {
  ...require('./memory/buffer'),
  ...require('./memory/array'),
  ...require('./memory/value'),
  ...require('./sync/barrier'),
  ...require('./sync/lock'),
  ...require('./sync/semaphore'),
};
