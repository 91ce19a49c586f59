'use strict';
module.exports = { spawn: require('node:child_process').spawn };
