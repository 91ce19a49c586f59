'use strict';
// Pipe of Python's multiprocessing.

const { python } = require('../../programs.js');

module.exports = ({ budget, warmUp, messages }) => python('messages', 'pipe', budget, warmUp, messages);
