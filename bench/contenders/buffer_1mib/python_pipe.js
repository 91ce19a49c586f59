'use strict';
// Pipe of Python's multiprocessing, its form for bytes.

const { python } = require('../../programs.js');

module.exports = ({ budget }) => python('messages', 'buffer', budget, 5, 0);
