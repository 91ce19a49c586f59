'use strict';
// Node's spawnSync.

const { spawnSync } = require('node:child_process');
const { medianOf } = require('../../measure.js');

module.exports = ({ budget }) => medianOf(async () => spawnSync('/bin/true'), { budget });
