'use strict';
// tinypool, its default: worker threads.

const { meanOf } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget, warmUp }) => {
  const { default: Tinypool } = await import('tinypool');
  const options = { minThreads: 2, maxThreads: 2, runtime: 'worker_threads' };
  const pool = new Tinypool({ filename: program('add_one.js'), ...options });
  let i = 0;
  const figure = await meanOf(() => pool.run(i++), { budget, warmUp });
  await pool.destroy();
  return figure;
};
