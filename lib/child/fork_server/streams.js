'use strict';
// The standard streams while a fork server loads modules: what these print goes out, and leaves no stream behind.
//
// Node.js makes process.stdout when it is first used, of the kind that the descriptor is then: a newborn's may be another.
// So a simple stream stands in its place until the server can be forked. It writes to the descriptor, whatever that is.

const fs = require('node:fs');
const { Writable } = require('node:stream');

const NUMBERS = { stdout: 1, stderr: 2 };
const originals = new Map();

function install() {
  for (const [name, fd] of Object.entries(NUMBERS)) {
    const descriptor = Object.getOwnPropertyDescriptor(process, name);
    originals.set(name, descriptor);
    let stream;
    const get = () => {
      stream ??= writable(fd);
      return stream;
    };
    Object.defineProperty(process, name, { ...descriptor, get });
  }
}

/** From now on they are made as Node.js makes them; the console finds them again. */
function restore() {
  for (const [name, descriptor] of originals) {
    Object.defineProperty(process, name, descriptor);
    console[`_${name}`] = undefined;
  }
}

function writable(fd) {
  const stream = new Writable({
    decodeStrings: true,
    write(chunk, _encoding, done) {
      try {
        writeAll(fd, chunk);
      } catch {
        // Nobody reads it.
      }
      done();
    },
  });
  return Object.assign(stream, { fd, isTTY: false });
}

function writeAll(fd, chunk) {
  for (let offset = 0; offset < chunk.length; ) offset += fs.writeSync(fd, chunk, offset);
}

module.exports = { install, restore };
