'use strict';
// piscina: worker threads.

const { Piscina } = require('piscina');
const { tasksAtOnce } = require('../../measure.js');
const { program } = require('../../programs.js');

module.exports = async ({ tasks }) => {
  const pool = new Piscina({ filename: program('add_one.js'), minThreads: 2, maxThreads: 2 });
  const figure = await tasksAtOnce((i) => pool.run(i), tasks);
  await pool.destroy();
  return figure;
};
