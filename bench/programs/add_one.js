'use strict';
// The tiny task, as piscina and tinypool load it.

module.exports = (n) => n + 1;
