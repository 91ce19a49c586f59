'use strict';
// NamedPipe: a FIFO, mkfifo(3), fifo(7): bytes in one direction between programs that know its path.
//
// open(2) of a FIFO waits for the other end, which would hold a thread of Node's pool. Here it is opened non-blocking: the
// reading end is there at once; the writing end, which the system refuses with ENXIO while nobody reads, is tried again.

const fs = require('node:fs');
const net = require('node:net');
const { addAbortSignal } = require('node:stream');
const { clearTimeout, setTimeout } = require('node:timers');
const { fileURLToPath } = require('node:url');
const native = require('../binding');
const { checkInteger, invalidType, invalidValue, ownOptions } = require('../arguments');
const { dispose } = require('../dispose');
const { MultiprocError } = require('../errors');
const { about, systemError } = require('../system_error');
const { waitOptions, waitUntil } = require('../waits');

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;
const EEXIST = 17;
/** The first pause before the writing end is tried again, and the longest. */
const PAUSE_MS = 1;
const PAUSE_MAX_MS = 50;

class NamedPipe {
  #path;
  /** Whether this object has made the file. */
  #isMaker = false;

  constructor(path) {
    this.#path = pathOf('new NamedPipe()', path);
  }

  static create(path, options) {
    const call = 'NamedPipe.create()';
    const { mode = 0o600, exclusive = false } = ownOptions(call, options, ['mode', 'exclusive']);
    checkInteger(call, 'mode', mode, 0, 0o7777);
    if (typeof exclusive !== 'boolean') throw invalidType(call, 'exclusive', 'a boolean', exclusive);
    const pipe = new NamedPipe(pathOf(call, path));
    try {
      native.makeFifo(pipe.#path, mode);
      pipe.#isMaker = true;
    } catch (error) {
      if (error.code !== 'EEXIST') throw about(error, pipe.#path, { path: pipe.#path });
      const isFifo = fs.lstatSync(pipe.#path, { throwIfNoEntry: false })?.isFIFO() ?? false;
      if (exclusive || !isFifo) {
        const hint = isFifo ? undefined : 'it is no named pipe';
        throw systemError(EEXIST, 'mkfifo', pipe.#path, { path: pipe.#path, hint });
      }
    }
    return pipe;
  }

  get path() {
    return this.#path;
  }

  async openRead(options) {
    const { limit, signal } = waitOptions('namedPipe.openRead()', options);
    return waitUntil(limit, signal, (resolve) => resolve(this.#stream(this.#open(O_RDONLY), true, signal)));
  }

  async openWrite(options) {
    const { limit, signal } = waitOptions('namedPipe.openWrite()', options);
    let timer;
    const begin = (resolve, reject) => {
      let pause = PAUSE_MS;
      const attempt = () => {
        try {
          resolve(this.#stream(this.#open(O_WRONLY), false, signal));
        } catch (error) {
          if (error.code !== 'ENXIO') return reject(error);
          timer = setTimeout(attempt, pause);
          pause = Math.min(pause * 2, PAUSE_MAX_MS);
        }
      };
      attempt();
    };
    return waitUntil(limit, signal, begin, (error) => {
      clearTimeout(timer);
      const message = `namedPipe.openWrite(): nobody opened '${this.#path}' for reading within ${Math.round(limit)} ms`;
      throw error ?? new MultiprocError('ERR_MULTIPROC_TIMEOUT', message);
    });
  }

  unlink() {
    this.#isMaker = false;
    fs.rmSync(this.#path, { force: true });
  }

  [dispose]() {
    if (this.#isMaker) this.unlink();
  }

  /** @returns {number} a descriptor of the pipe; what is no pipe would block, or be written over */
  #open(flags) {
    const fd = fs.openSync(this.#path, flags | O_NONBLOCK);
    if (fs.fstatSync(fd).isFIFO()) return fd;
    fs.closeSync(fd);
    throw new MultiprocError('ERR_MULTIPROC_UNSUPPORTED', `'${this.#path}' is no named pipe`);
  }

  #stream(fd, isReader, signal) {
    const stream = new net.Socket({ fd, readable: isReader, writable: !isReader });
    return signal === undefined ? stream : addAbortSignal(signal, stream);
  }
}

function pathOf(call, path) {
  const text = path instanceof URL ? fileURLToPath(path) : path;
  if (typeof text !== 'string') throw invalidType(call, 'path', 'a string or a file: URL', path);
  if (text === '' || text.includes('\0')) throw invalidValue(call, 'path', 'a path', path);
  return text;
}

module.exports = { NamedPipe };
