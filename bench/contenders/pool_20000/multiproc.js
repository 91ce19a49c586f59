'use strict';
// Pool, a function that stands alone.

const { Pool } = require('../../multiproc.js');
const { tasksAtOnce } = require('../../measure.js');

module.exports = async ({ tasks }) => {
  const addOne = (n) => n + 1;
  const pool = new Pool({ workers: 2 });
  const figure = await tasksAtOnce((i) => pool.run(addOne, i), tasks);
  await pool.close();
  await pool.join();
  return figure;
};
