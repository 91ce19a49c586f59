'use strict';
// The promise form: most of it is the price of `await` itself.

const { Lock } = require('../../multiproc.js');
const { meanOf } = require('../../measure.js');

const PAIRS = 1000;

module.exports = async ({ budget, warmUp }) => {
  const lock = new Lock();
  const microseconds = await meanOf(
    async () => {
      for (let i = 0; i < PAIRS; i++) {
        await lock.acquire();
        lock.release();
      }
    },
    { budget, warmUp: Math.ceil(warmUp / 10) },
  );
  return (microseconds * 1000) / PAIRS;
};
