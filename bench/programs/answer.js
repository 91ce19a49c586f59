'use strict';
// Started with fork: computes one value, sends it, ends.

process.send(((n) => n * 2)(21), () => process.disconnect());
