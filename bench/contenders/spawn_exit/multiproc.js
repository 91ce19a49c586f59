'use strict';
// multiproc's spawn, until the event 'exit'.

const { once } = require('node:events');
const { spawn } = require('../../multiproc.js');
const { medianOf } = require('../../measure.js');

module.exports = ({ budget }) => medianOf(() => once(spawn('/bin/true'), 'exit'), { budget });
