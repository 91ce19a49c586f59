'use strict';
// Pool of Python's multiprocessing: map, with the chunk size it chooses.

const { python } = require('../../programs.js');

module.exports = ({ tasks }) => python('pool', 'map', 0, 0, tasks);
