'use strict';
// What is asked of values that arrived; scripts/values_table.js tells the answers.

const { isDeepStrictEqual } = require('node:util');

const same = (found, original) => Object.is(found, original);
const equal = (found, original) => isDeepStrictEqual(found, original);
const ofClass = (found, original) => Object.getPrototypeOf(found) === Object.getPrototypeOf(original);

/** That a property has the same value, or an equal one. */
const property = (key) => (found, original) => Object.hasOwn(found, key) && equal(found[key], original[key]);
/** That reading it gives the same: through an accessor of its class. */
const reading = (key) => (found, original) => found[key] !== undefined && equal(found[key], original[key]);

/** A row of something of which nothing can be carried. */
const nothing = (name, make, more = {}) => ({ name, make, keeps: { it: same }, ...more });

module.exports = { same, equal, ofClass, property, reading, nothing };
