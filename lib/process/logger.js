'use strict';
// getLogger(): lines of all processes of a family in one order.
//
// Each line has the next number of one counter in shared memory, taken just before it is written: whoever sorts by it has the
// order in which things were said, wherever the lines went. The level is in the environment, so whatever is started later
// has it, too. A line is one write to stderr, which no other line comes into the midst of.

const { setImmediate } = require('node:timers');
const { format } = require('node:util');
const { invalidValue } = require('../arguments');
const role = require('./role');

/** Each includes those before it. */
const LEVELS = ['silent', 'error', 'warn', 'info', 'debug'];
const VARIABLE = 'MULTIPROC_LOG';
const DEFAULT = LEVELS.indexOf('warn');
const COUNTER = 'multiproc.log';

class Logger {
  #level = fromEnvironment();
  #counter;

  constructor() {
    // As those of a console they may be handed over: promise.catch(logger.error).
    for (const level of LEVELS.slice(1)) this[level] = this[level].bind(this);
  }

  get level() {
    return LEVELS[this.#level];
  }

  set level(level) {
    if (!LEVELS.includes(level)) {
      throw invalidValue('getLogger().level', 'level', `one of '${LEVELS.join("', '")}'`, level);
    }
    this.#level = LEVELS.indexOf(level);
    process.env[VARIABLE] = level;
    // Whoever chooses the level keeps the count, which otherwise ends with the last process that wrote.
    if (this.#level > 0) this.#next();
  }

  error(...args) {
    this.#write('error', args);
  }

  warn(...args) {
    this.#write('warn', args);
  }

  info(...args) {
    this.#write('info', args);
  }

  debug(...args) {
    this.#write('debug', args);
  }

  #write(level, args) {
    if (LEVELS.indexOf(level) > this.#level) return;
    // Each line has a number, so that lines that are sorted are still in order.
    const lines = format(...args).split('\n');
    const written = lines.map((line) => `${this.#next().add(1n)} ${process.pid} ${role.name} ${level}: ${line}\n`);
    writeOrLose(process.stderr, written.join(''));
  }

  #next() {
    // Loaded when there is something to say.
    const { SharedValue } = require('../memory/value');
    this.#counter ??= new SharedValue('u64', undefined, { name: COUNTER, lock: false });
    return this.#counter;
  }
}

let underWay = 0;
const ignore = () => {};

/** Where it cannot be written, on a full disk or into a closed pipe, it is lost, and the program goes on. */
function writeOrLose(stream, text) {
  if (underWay === 0) stream.on('error', ignore);
  underWay += 1;
  // The stream tells of the error after the callback.
  const written = () =>
    setImmediate(() => {
      underWay -= 1;
      if (underWay === 0) stream.off('error', ignore);
    });
  stream.write(text, written);
}

function fromEnvironment() {
  const level = LEVELS.indexOf(process.env[VARIABLE]);
  return level === -1 ? DEFAULT : level;
}

let logger;

function getLogger() {
  logger ??= new Logger();
  return logger;
}

module.exports = { getLogger };
