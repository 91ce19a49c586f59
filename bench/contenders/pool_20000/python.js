'use strict';
// Pool of Python's multiprocessing: apply_async for each task.

const { python } = require('../../programs.js');

module.exports = ({ tasks }) => python('pool', 'at_once', 0, 0, tasks);
