'use strict';
// The main module of a pool's worker.

require('./pool_program').runWorker();
