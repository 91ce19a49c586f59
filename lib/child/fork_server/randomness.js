'use strict';
// Two copies of a process must not draw the same random numbers.
//
// OpenSSL sees a fork by the pid. Three other sources have numbers in stock that a copy inherits: Math.random() (V8 keeps a
// generator for each context), crypto.randomUUID() (128 in stock) and crypto.randomInt() (1024). So the first has a
// generator of its own in each newborn, seeded by the kernel: sfc32 by Chris Doty-Humphrey (PractRand). The stocks of the
// others, if they were used before the fork, are emptied at the newborn's first call.
//
// Not reached: other vm contexts, and stocks that preloaded packages keep themselves.

const crypto = require('node:crypto');
const { syncBuiltinESMExports } = require('node:module');
const native = require('../../binding');

const UUIDS_IN_STOCK = 128;
const INTS_IN_STOCK = 1024;
const RANGE = 2 ** 32;
const ROUNDS_OF_WARMING = 12;

let generation = 0;

/** In the server, before anything is loaded that may draw a number. */
function install() {
  installMath();
  installStock(crypto, 'randomUUID', UUIDS_IN_STOCK, (draw) => draw());
  installStock(Object.getPrototypeOf(globalThis.crypto), 'randomUUID', UUIDS_IN_STOCK, (draw) => draw());
  installStock(crypto, 'randomInt', INTS_IN_STOCK, (draw) => draw(0, 2));
  syncBuiltinESMExports();
}

/** In a newborn. */
function renew() {
  generation += 1;
}

function installMath() {
  let seeded = generation;
  let next = Math.random;
  replace(
    Math,
    'random',
    () =>
      function random() {
        if (seeded !== generation) {
          next = sfc32(native.randomSeed());
          seeded = generation;
        }
        return next();
      },
  );
}

/** @param {(draw: (...args: unknown[]) => unknown) => unknown} takeOne takes one number out of the stock */
function installStock(owner, name, size, takeOne) {
  let used = -1;
  replace(
    owner,
    name,
    (original) =>
      ({
        [name](...args) {
          if (used !== -1 && used !== generation) {
            const draw = (...what) => Reflect.apply(original, this, what);
            for (let count = 0; count < size; count += 1) takeOne(draw);
          }
          used = generation;
          return Reflect.apply(original, this, args);
        },
      })[name],
  );
}

function replace(owner, name, make) {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { ...descriptor, value: make(descriptor.value) });
}

/** @param {number[]} seed four words @returns {() => number} in [0, 1) */
function sfc32([a, b, c, d]) {
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let round = 0; round < ROUNDS_OF_WARMING; round += 1) next();
  // 53 bits, as V8's has them.
  return () => (next() * 2 ** 21 + (next() >>> 11)) / (RANGE * 2 ** 21);
}

module.exports = { install, renew, sfc32 };
