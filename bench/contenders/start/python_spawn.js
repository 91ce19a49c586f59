'use strict';
// Process of Python's multiprocessing with the start method spawn.

const { python } = require('../../programs.js');

module.exports = ({ budget }) => python('start', 'spawn', budget);
