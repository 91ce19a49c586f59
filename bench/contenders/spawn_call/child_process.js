'use strict';
// Node's spawn, with pipes, as it is unless told.

const { spawn } = require('node:child_process');
const { blockedBy } = require('../../measure.js');

module.exports = (options) => blockedBy(() => spawn('/bin/true'), options);
