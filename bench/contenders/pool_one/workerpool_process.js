'use strict';
// workerpool with processes.

const workerpool = require('workerpool');
const { meanOf } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget, warmUp }) => {
  const options = { minWorkers: 2, maxWorkers: 2, workerType: 'process' };
  const pool = workerpool.pool(program('add_one_workerpool.js'), options);
  let i = 0;
  const figure = await meanOf(() => pool.exec('addOne', [i++]), { budget, warmUp });
  await pool.terminate();
  return figure;
};
