'use strict';
// Node's spawn in a large process.

const { spawn } = require('node:child_process');
const { blockedBy, touchMemory } = require('../../measure.js');

module.exports = (options) => {
  touchMemory(2 ** 31);
  return blockedBy(() => spawn('/bin/true'), options);
};
