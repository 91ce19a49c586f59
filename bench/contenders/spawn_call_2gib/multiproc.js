'use strict';
// multiproc's spawn in a large process.

const { spawn } = require('../../multiproc.js');
const { blockedBy, touchMemory } = require('../../measure.js');

module.exports = (options) => {
  touchMemory(2 ** 31);
  return blockedBy(() => spawn('/bin/true'), options);
};
