'use strict';
// The package under test: this clone. bench/ is a package of its own, so the name would not lead there.

module.exports = require('..');
