'use strict';
// What the C library offers for the same promise: a robust, process-shared mutex.

const { compiled } = require('../../programs.js');

module.exports = ({ budget }) => compiled('robust_mutex', budget);
