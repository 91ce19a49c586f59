'use strict';
// Lock of Python's multiprocessing, wanted by two processes all the time.

const { python } = require('../../programs.js');

module.exports = ({ budget }) => python('lock_contended', budget);
