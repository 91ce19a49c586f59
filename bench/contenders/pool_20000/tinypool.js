'use strict';
// tinypool, its default: worker threads.

const { tasksAtOnce } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ tasks }) => {
  const { default: Tinypool } = await import('tinypool');
  const options = { minThreads: 2, maxThreads: 2, runtime: 'worker_threads' };
  const pool = new Tinypool({ filename: program('add_one.js'), ...options });
  const figure = await tasksAtOnce((i) => pool.run(i), tasks);
  await pool.destroy();
  return figure;
};
