'use strict';
// multiproc's spawnSync.

const { spawnSync } = require('../../multiproc.js');
const { medianOf } = require('../../measure.js');

module.exports = ({ budget }) => medianOf(async () => spawnSync('/bin/true'), { budget });
