'use strict';
// multiproc's spawn, with pipes, as it is unless told.

const { spawn } = require('../../multiproc.js');
const { blockedBy } = require('../../measure.js');

module.exports = (options) => blockedBy(() => spawn('/bin/true'), options);
