'use strict';
// Process of Python's multiprocessing with the start method fork.

const { python } = require('../../programs.js');

module.exports = ({ budget }) => python('start', 'fork', budget);
