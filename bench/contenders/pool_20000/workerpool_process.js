'use strict';
// workerpool with processes.

const workerpool = require('workerpool');
const { tasksAtOnce } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ tasks }) => {
  const options = { minWorkers: 2, maxWorkers: 2, workerType: 'process' };
  const pool = workerpool.pool(program('add_one_workerpool.js'), options);
  const figure = await tasksAtOnce((i) => pool.exec('addOne', [i]), tasks);
  await pool.terminate();
  return figure;
};
