'use strict';
// A robust, process-shared mutex of the C library, wanted by two processes all the time.

const { compiled } = require('../../programs.js');

module.exports = ({ budget }) => compiled('robust_mutex_contended', budget);
