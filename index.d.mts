// The types of index.mjs: what index.d.ts declares, and the same as a default export.
import multiproc = require('./index.js');

export * from './index.js';
export default multiproc;
