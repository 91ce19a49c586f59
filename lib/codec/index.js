'use strict';
// The one codec for values between processes: what it carries stands in docs/values.md, the format in tags.js.

const { encode, encodeInPlace } = require('./encode');
const { decode } = require('./decode');
const { registerError } = require('./errors');

module.exports = { encode, encodeInPlace, decode, registerError };
