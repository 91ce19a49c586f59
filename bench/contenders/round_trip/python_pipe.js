'use strict';
// Pipe of Python's multiprocessing. Blocking at both ends: Python has no event loop to return to.

const { python } = require('../../programs.js');

module.exports = ({ budget, warmUp }) => python('messages', 'round_trip', budget, warmUp, 0);
