'use strict';
// Pool of Python's multiprocessing: apply.

const { python } = require('../../programs.js');

module.exports = ({ budget, warmUp }) => python('pool', 'one', budget, warmUp, 0);
