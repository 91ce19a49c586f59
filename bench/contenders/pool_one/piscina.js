'use strict';
// piscina: worker threads.

const { Piscina } = require('piscina');
const { meanOf } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ budget, warmUp }) => {
  const pool = new Piscina({ filename: program('add_one.js'), minThreads: 2, maxThreads: 2 });
  let i = 0;
  const figure = await meanOf(() => pool.run(i++), { budget, warmUp });
  await pool.destroy();
  return figure;
};
