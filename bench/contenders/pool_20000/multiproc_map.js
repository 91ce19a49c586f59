'use strict';
// Pool: map, with the chunk size it chooses.

const { Pool } = require('../../multiproc.js');
const { batches } = require('../../measure.js');

module.exports = async ({ tasks }) => {
  const pool = new Pool({ workers: 2 });
  const figure = await batches(async (count) => {
    const results = await pool.map(
      (n) => n + 1,
      Array.from({ length: count }, (_, i) => i),
    );
    if (results.at(-1) !== count) throw new Error(`the last task returned ${results.at(-1)} instead of ${count}`);
  }, tasks);
  await pool.close();
  await pool.join();
  return figure;
};
