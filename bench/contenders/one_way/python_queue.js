'use strict';
// Queue of Python's multiprocessing.

const { python } = require('../../programs.js');

module.exports = ({ budget, warmUp, messages }) => python('messages', 'queue', budget, warmUp, messages);
