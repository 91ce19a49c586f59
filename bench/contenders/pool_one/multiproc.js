'use strict';
// Pool, a function that stands alone.

const { Pool } = require('../../multiproc.js');
const { meanOf } = require('../../measure.js');

module.exports = async ({ budget, warmUp }) => {
  const addOne = (n) => n + 1;
  const pool = new Pool({ workers: 2 });
  let i = 0;
  const figure = await meanOf(() => pool.run(addOne, i++), { budget, warmUp });
  await pool.close();
  await pool.join();
  return figure;
};
