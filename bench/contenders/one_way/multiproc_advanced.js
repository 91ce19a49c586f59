'use strict';
// The same with serialization 'advanced': our codec.

const { fork } = require('../../multiproc.js');
const { floodOf } = require('../../messaging.js');

module.exports = ({ messages }) => floodOf(fork, { serialization: 'advanced' }, messages);
