'use strict';
// Lock of Python's multiprocessing, a POSIX semaphore.

const { python } = require('../../programs.js');

module.exports = ({ budget }) => python('lock', budget);
